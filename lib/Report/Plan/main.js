// Puts the sections together and draws them anew for another plan.

const SECTIONS = [
  ["summary", "Summary", renderSummary],
  ["cluster", "Cluster and mesh", renderCluster],
  ["layers", "Layers", renderLayers],
  ["memory", "Memory of a rank", renderMemory],
  ["timeline", "A step in time", renderTimeline],
  ["communication", "Who sends to whom", renderCommunication],
  ["plans", "The best plans", renderPlans],
  ["rejected", "What was rejected", renderRejected],
  ["measured", "Measured and predicted", renderMeasured],
];

let drawn = new AbortController();
function show(index) {
  drawn.abort();
  drawn = new AbortController();
  document.getElementById("plan").value = index;
  const plan = report.plans[index], contents = [];
  const sections = SECTIONS.flatMap(([id, title, render]) => {
    const section = el("section", { id, "aria-label": title }, el("h2", {}, title));
    if (render(section, plan, drawn.signal) === false) return [];
    contents.push(el("a", { href: `#${id}` }, title));
    return [section];
  });
  document.getElementById("contents").replaceChildren(...contents);
  document.getElementById("sections").replaceChildren(...sections);
}

function recolour() {
  resolved.clear();
  dispatchEvent(new Event("recolour"));
}

const theme = document.getElementById("theme");
function setTheme(value) {
  document.documentElement.style.colorScheme = value;
  recolour();
}
theme.addEventListener("change", () => setTheme(theme.value));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);
// What is printed is on white paper.
addEventListener("beforeprint", () => setTheme("light"));
addEventListener("afterprint", () => setTheme(theme.value));

document.title = `${visible(report.model.name)} on ${visible(report.cluster.name)}`;
document.getElementById("title").textContent = document.title;
const chosen = document.getElementById("plan");
chosen.append(...report.plans.map((plan, index) => el("option", { value: index }, `${index + 1}. ${visible(plan.title)}`)));
chosen.addEventListener("change", () => show(Number(chosen.value)));
show(0);
