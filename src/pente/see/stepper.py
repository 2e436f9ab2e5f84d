"""A page of its own for one drawing, with a slider that goes through forward and backward, one value at a time."""

from html import escape

__all__ = ["page"]

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>{style}</style>
{svg}<form hidden>
<button type="button" aria-label="back">←</button>
<input type="range" min="0" aria-label="step">
<button type="button" aria-label="on">→</button>
<output></output>
</form>
<script>{script}</script>
</html>
"""
STYLE = """
body{margin:2rem;font:14px ui-sans-serif,system-ui,sans-serif}
form{display:flex;gap:.6rem;align-items:center;margin-top:1rem;max-width:44rem}
form[hidden]{display:none}
input{flex:1}
output{min-width:16rem;font-variant-numeric:tabular-nums}
.pente .later{visibility:hidden}
.pente .now.now rect{stroke:#c2410c;stroke-width:2.5}
@media(prefers-color-scheme:dark){body{background:#0a0d12;color:#e8ebef}}
"""
# The boxes stand in the order in which they were computed; backward goes through them in the opposite order.
SCRIPT = """
const all = [...document.querySelectorAll(".pente g > g")];
const inner = all.filter(g => g.matches(".inner,.result") && g.querySelector(".number"));
const graded = all.filter(g => g.querySelector(".gradient")).reverse();
const steps = [...inner.map(g => [g, ".number"]), ...graded.map(g => [g, ".gradient"])];
const [back, on] = document.querySelectorAll("button");
const slider = document.querySelector("input"), says = document.querySelector("output");
const texts = (g, what) => [...g.querySelectorAll(what)];
const show = () => {
  steps.forEach(([g, what], i) => texts(g, what).forEach(t => t.classList.toggle("later", i >= slider.value)));
  all.forEach(g => g.classList.remove("now"));
  const [g, what] = steps[slider.value - 1] ?? [];
  g?.classList.add("now");
  const name = g?.querySelector(".name")?.textContent ?? "";
  const numbers = g ? texts(g, what).map(t => t.textContent).join(", ") : "";
  says.textContent = g ? `${what == ".number" ? "forward" : "backward"}  ${name} ${numbers}` : "the inputs";
};
const move = by => { slider.value = +slider.value + by; show(); };
slider.max = slider.value = steps.length;
slider.oninput = show;
back.onclick = () => move(-1);
on.onclick = () => move(1);
document.querySelector("form").hidden = steps.length == 0;
"""


def page(svg: str, title: str) -> str:
    """The drawing as a self-contained HTML page."""
    return PAGE.format(title=escape(title or "Computation graph"), svg=svg, style=STYLE, script=SCRIPT)
