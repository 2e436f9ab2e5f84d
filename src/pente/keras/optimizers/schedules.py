"""Schedules, under Keras's path."""

from pente.schedules import *  # noqa: F403  (what stands there stands here)
from pente.schedules import Schedule as LearningRateSchedule  # noqa: F401
