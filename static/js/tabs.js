// Tabs inside a page: <div data-tabs> with links in [data-tabs-list] to its [data-tab-panel]s.
// Without this script all panels are shown, one under the other.
function choose(tabs, panels, chosen, focus) {
  tabs.forEach((tab, index) => {
    const on = index === chosen;
    tab.setAttribute("aria-selected", String(on));
    tab.tabIndex = on ? 0 : -1;
    panels[index].hidden = !on;
    if (on && focus) tab.focus();
  });
}

function prepare(box) {
  if (box.dataset.tabs === "ready") return;
  box.dataset.tabs = "ready";
  const list = box.querySelector("[data-tabs-list]");
  const tabs = [...list.querySelectorAll("a")];
  const panels = tabs.map((tab) => document.getElementById(tab.hash.slice(1)));
  list.setAttribute("role", "tablist");
  tabs.forEach((tab, index) => {
    tab.setAttribute("role", "tab");
    tab.id ||= `${panels[index].id}-tab`;
    tab.setAttribute("aria-controls", panels[index].id);
    panels[index].setAttribute("role", "tabpanel");
    panels[index].setAttribute("aria-labelledby", tab.id);
    tab.addEventListener("click", (event) => {
      event.preventDefault();
      choose(tabs, panels, index, true);
    });
  });
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = tabs.indexOf(document.activeElement);
    choose(tabs, panels, (at + step + tabs.length) % tabs.length, true);
  });
  choose(tabs, panels, 0, false);
}

// A row of tabs that is wider than the screen begins at the tab one is on.
function reveal() {
  for (const tab of document.querySelectorAll(".tabs > [aria-current]")) {
    const row = tab.parentElement;
    row.scrollLeft = tab.offsetLeft - row.offsetLeft - (row.clientWidth - tab.offsetWidth) / 2;
  }
}

function look() {
  document.querySelectorAll("[data-tabs]").forEach(prepare);
}

look();
reveal();
document.addEventListener("htmx:afterSettle", look);
document.addEventListener("live:swapped", look);
