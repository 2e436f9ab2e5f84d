# Every target makes its own environment from nothing. Another interpreter: make test PYTHON=python3.13
export PYTHON ?= python3

.PHONY: demo test check docs bench clean

demo:
	@scripts/setup .venv
	@.venv/bin/pente demo

test check docs bench:
	@scripts/$@

clean:
	rm -rf .venv .venv-bench docs/_build
