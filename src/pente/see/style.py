"""Colours and type of a drawing, for light and for dark screens.

There are no CSS variables: programs that turn SVG into other formats often do not know them.
"""

__all__ = ["CSS"]

LIGHT = {
    "card": "#ffffff",
    "frame": "#e3e6ea",
    "ink": "#1c2026",
    "quiet": "#747c88",
    "edge": "#a3abb6",
    "paper": "#ffffff",
    "line": "#c6ccd4",
    "leaf": "#f0f5fe",
    "leafline": "#9fbcec",
    "op": "#f3f4f6",
    "gradient": "#c2410c",
}
DARK = {
    "card": "#0f1319",
    "frame": "#262d38",
    "ink": "#e8ebef",
    "quiet": "#8d97a5",
    "edge": "#5d6876",
    "paper": "#171d26",
    "line": "#3d4756",
    "leaf": "#142136",
    "leafline": "#35537f",
    "op": "#222a35",
    "gradient": "#ff9d5c",
}
TYPE = """
.pente text{font:12.5px ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,Helvetica,Arial,sans-serif}
.pente .name{font:italic 500 19px ui-serif,Charter,"Iowan Old Style",Georgia,Cambria,"Times New Roman",serif}
.pente .number,.pente .gradient{font-variant-numeric:tabular-nums;text-anchor:end}
.pente .gradient{font-weight:600}
.pente .caption{font:italic 17px ui-serif,Charter,"Iowan Old Style",Georgia,Cambria,"Times New Roman",serif}
.pente .symbol{font-size:16px;text-anchor:middle}
.pente .word{font-size:12.5px;text-anchor:middle}
.pente .edge{fill:none;stroke-width:1.5;stroke-linecap:round;stroke-linejoin:round}
.pente .result rect{stroke-width:2}
"""
PAINT = """
.pente .card{{fill:{card};stroke:{frame}}}
.pente text{{fill:{ink}}}
.pente .key,.pente .constant text{{fill:{quiet}}}
.pente .gradient{{fill:{gradient}}}
.pente .edge{{stroke:{edge}}}
.pente .inner rect{{fill:{paper};stroke:{line}}}
.pente .leaf rect{{fill:{leaf};stroke:{leafline}}}
.pente .result rect{{fill:{paper};stroke:{ink}}}
.pente .op rect{{fill:{op};stroke:{line}}}
.pente .constant rect{{fill:none;stroke:{line};stroke-dasharray:2 3}}
"""
CSS = TYPE + PAINT.format(**LIGHT) + "@media(prefers-color-scheme:dark){" + PAINT.format(**DARK) + "}\n"
