// Figures follow the ground that they stand on; on paper that is light.
const dark = matchMedia("(prefers-color-scheme: dark)");
function paint(theme) {
  for (const figure of document.querySelectorAll(".plotly-graph-div")) {
    Plotly.relayout(figure, { template: templates[theme] });
  }
}
const ground = () => (dark.matches ? "dark" : "light");
addEventListener("load", () => dark.matches && paint("dark"));
dark.addEventListener("change", () => paint(ground()));
addEventListener("beforeprint", () => dark.matches && paint("light"));
addEventListener("afterprint", () => dark.matches && paint("dark"));
