// What is ticked for comparing stays ticked while somebody searches on, in this tab alone.
// <form data-tray="4"> holds boxes named "m"; those that are on other pages travel as hidden fields.
const KEY = "compare";
const form = document.querySelector("[data-tray]");
const most = Number(form?.dataset.tray);
const boxes = () => [...document.querySelectorAll(`input[type=checkbox][name=m][form="${form.id}"]`)];

let ticked = []; // all there is in a browser that keeps nothing: what is ticked on this page

function read() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
    ticked = Array.isArray(kept) ? kept.filter((ref) => typeof ref === "string").slice(0, most) : [];
  } catch {
    // As above.
  }
  return ticked;
}

function keep(refs) {
  ticked = refs;
  try {
    sessionStorage.setItem(KEY, JSON.stringify(refs));
  } catch {
    // As above.
  }
}

function show() {
  const refs = read();
  const here = boxes();
  for (const box of here) {
    box.checked = refs.includes(box.value);
    box.disabled = refs.length >= most && !box.checked;
  }
  form.querySelectorAll("input[type=hidden]").forEach((field) => field.remove());
  for (const ref of refs.filter((each) => !here.some((box) => box.value === each))) {
    const field = Object.assign(document.createElement("input"), { type: "hidden", name: "m", value: ref });
    form.append(field);
  }
  const count = form.querySelector("[data-tray-count]");
  count.hidden = refs.length === 0;
  count.textContent = String(refs.length);
  form.querySelector("[data-tray-empty]").hidden = refs.length === 0;
}

if (form) {
  document.addEventListener("change", ({ target }) => {
    if (!boxes().includes(target)) return;
    const others = read().filter((ref) => ref !== target.value);
    keep(target.checked ? [...others, target.value] : others);
    show();
  });
  form.querySelector("[data-tray-empty]").addEventListener("click", () => {
    keep([]);
    show();
  });
  addEventListener("pageshow", show);
  show();
}
