// The palette: Ctrl-K or "/" opens it, arrows choose, Enter opens, Tab goes on to the kinds.
// The server finds; what was opened lately is kept in this browser, for this person alone.
const KEPT = 6;
const PAUSE = 120; // ms after the last letter
const dialog = document.getElementById("palette");

function start() {
  const input = dialog.querySelector("[role=combobox]");
  const list = dialog.querySelector("[role=listbox]");
  const told = dialog.querySelector("#palette-told");
  const place = `palette:${dialog.dataset.paletteWho}`;
  let kind = "";
  let timer = 0;
  let asking = null;
  let asked = null;

  const options = () => [...list.querySelectorAll("[role=option]")];
  const chosen = () => list.querySelector('[aria-selected="true"]');

  function choose(option) {
    chosen()?.setAttribute("aria-selected", "false");
    if (!option) return input.removeAttribute("aria-activedescendant");
    option.setAttribute("aria-selected", "true");
    input.setAttribute("aria-activedescendant", option.id);
    return option.scrollIntoView({ block: "nearest" });
  }

  function walk(step) {
    const all = options();
    if (!all.length) return;
    const at = all.indexOf(chosen());
    choose(all[(at + step + all.length) % all.length]);
  }

  function recent() {
    try {
      const kept = JSON.parse(localStorage.getItem(place) ?? "[]");
      // Only places of this portal: the store of a browser can be written by others.
      return kept.filter((item) => /^\/(?!\/)/.test(item.href) && typeof item.text === "string");
    } catch {
      return [];
    }
  }

  function remember(option) {
    const { text, icon, where } = option.dataset;
    const item = { href: option.getAttribute("href"), text, icon, where };
    const kept = [item, ...recent().filter((other) => other.href !== item.href)].slice(0, KEPT);
    try {
      for (const key of Object.keys(localStorage)) {
        if (key.startsWith("palette:") && key !== place) localStorage.removeItem(key);
      }
      localStorage.setItem(place, JSON.stringify(kept));
    } catch {
      // A browser that keeps nothing still finds everything.
    }
  }

  function row(item, number) {
    const option = document.createElement("a");
    const words = Object.assign(document.createElement("span"), { textContent: item.text });
    const where = Object.assign(document.createElement("span"), { className: "where", textContent: item.where ?? "" });
    const symbol = document.querySelector("#palette .palette-input .icon").cloneNode(true);
    const use = symbol.querySelector("use");
    const sheet = use.getAttribute("href").split("#")[0];
    use.setAttribute("href", `${sheet}#${/^[a-z]+$/.test(item.icon) ? item.icon : "search"}`);
    option.className = "palette-item";
    option.id = `palette-recent-${number}`;
    option.href = item.href;
    option.tabIndex = -1;
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    Object.assign(option.dataset, { text: item.text, icon: item.icon, where: item.where ?? "" });
    option.append(symbol, words, where);
    return option;
  }

  function withRecent() {
    const kept = input.value.trim() || kind ? [] : recent();
    if (!kept.length) return;
    const group = document.createElement("div");
    const title = Object.assign(document.createElement("div"), { className: "palette-group", id: "palette-recent", textContent: "Opened lately" });
    group.setAttribute("role", "group");
    group.setAttribute("aria-labelledby", "palette-recent");
    group.append(title, ...kept.map(row));
    list.prepend(group);
  }

  async function ask() {
    asking?.abort();
    asking = new AbortController();
    asked = input.value;
    const query = new URLSearchParams({ q: asked, kind });
    try {
      const answer = await fetch(`${dialog.dataset.palette}?${query}`, { signal: asking.signal, headers: { "X-Requested-With": "palette" }, redirect: "error" });
      if (!answer.ok) throw new Error(String(answer.status));
      list.innerHTML = await answer.text(); // our own partial; the server has escaped every word
    } catch (wrong) {
      if (wrong.name === "AbortError") return;
      const words = document.createElement("p");
      words.className = "palette-none";
      words.textContent = "No answer. Enter searches the catalogue.";
      list.replaceChildren(words);
    }
    withRecent();
    choose(options()[0]);
    const count = options().length;
    told.textContent = count ? `${count} ${count === 1 ? "result" : "results"}` : list.textContent.trim();
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE);
  }

  function narrow(to) {
    kind = to;
    for (const chip of dialog.querySelectorAll("[data-palette-kind]")) {
      chip.setAttribute("aria-pressed", String(chip.dataset.paletteKind === to));
    }
    input.focus();
    ask();
  }

  async function open() {
    clearTimeout(timer);
    if (asked !== input.value) await ask(); // Enter came before the answer to the last letter
    const option = chosen();
    if (option) {
      remember(option);
      location.assign(option.href);
    } else {
      location.assign(`${dialog.dataset.paletteSearch}?${new URLSearchParams({ q: input.value })}`);
    }
  }

  input.addEventListener("input", later);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      walk(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter") {
      event.preventDefault();
      open();
    } else if (event.key === "Backspace" && !input.value && kind) narrow("");
  });
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) remember(option);
  });
  dialog.addEventListener("click", (event) => {
    const chip = event.target.closest("[data-palette-kind]");
    if (chip) narrow(chip.dataset.paletteKind);
  });
  document.addEventListener("palette", (event) => {
    if (dialog.open) return;
    input.value = event.detail ?? "";
    dialog.showModal();
    narrow("");
    input.select();
  });
  const box = document.querySelector("[data-jump]");
  box?.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    document.dispatchEvent(new CustomEvent("palette", { detail: box.value }));
  });
}

if (dialog) start();
