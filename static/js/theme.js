// Light, dark or as the system says. Loaded in the head, before anything is painted.
(() => {
  const KEY = "millwright.theme";
  const CHOICES = ["system", "light", "dark"];

  function chosen() {
    try {
      const kept = localStorage.getItem(KEY);
      return CHOICES.includes(kept) ? kept : "system";
    } catch {
      return "system"; // Storage may be forbidden; the system's choice is a good one.
    }
  }

  function apply(theme) {
    document.documentElement.dataset.theme = theme;
    for (const button of document.querySelectorAll("[data-theme-set]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeSet === theme));
    }
  }

  function keep(theme) {
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // It then lasts as long as the page.
    }
    apply(theme);
  }

  apply(chosen());
  document.addEventListener("DOMContentLoaded", () => apply(chosen()));
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-set]");
    if (button) keep(button.dataset.themeSet);
  });
  addEventListener("storage", (event) => {
    if (event.key === KEY) apply(chosen());
  });
})();
