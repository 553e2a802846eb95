// Try it: <form data-try="/address/"> sends its fields as JSON and shows the answer under it.
// A field named "inputs.radius" lands at {"inputs": {"radius": …}}; data-type is number, integer, boolean or json.
// A field with data-try-body holds the whole body. data-try-example (JSON by field name) fills the form.
const REQUEST_ID = "x-request-id";

function value(field) {
  const text = field.type === "checkbox" ? field.checked : field.value;
  const type = field.dataset.type ?? (field.type === "number" ? "number" : "text");
  if (field.type === "checkbox" || type === "text") return text;
  if (text.trim() === "") return null;
  if (type === "boolean") return text === "true";
  if (type === "json") return JSON.parse(text);
  const number = Number(text.replace(",", "."));
  if (Number.isNaN(number)) throw new Error(`${label(field)}: enter a number.`);
  if (type === "integer" && !Number.isInteger(number)) throw new Error(`${label(field)}: enter a whole number.`);
  return number;
}

function label(field) {
  return field.labels?.[0]?.firstChild.textContent.trim() || field.name;
}

function body(form) {
  const whole = form.querySelector("[data-try-body]");
  if (whole) {
    JSON.parse(whole.value);
    return whole.value;
  }
  const result = Object.create(null);
  for (const field of form.elements) {
    if (!field.name || field.disabled || field.name === "csrfmiddlewaretoken") continue;
    if (field.type === "radio" && !field.checked) continue;
    const path = field.name.split(".");
    const last = path.pop();
    let at = result;
    for (const step of path) at = at[step] ??= Object.create(null);
    at[last] = value(field);
  }
  return JSON.stringify(result);
}

function said(answer, status) {
  if (typeof answer !== "object" || answer === null) return `Answered ${status}`;
  const fields = Object.entries(answer.errors ?? {}).map(([name, words]) => `${name}: ${[words].flat().join(" ")}`);
  const error = typeof answer.error === "string" ? answer.error : answer.error?.message;
  const told = [answer.detail ?? answer.title ?? error ?? answer.message, ...fields].filter(Boolean);
  return told.join(" ") || `Answered ${status}`;
}

function show(form, { ok, words, text = "", time = "", request = "" }) {
  const scope = form.closest("[data-try-scope]") ?? form.parentElement;
  const out = scope.querySelector("[data-try-out]");
  const part = (name) => out.querySelector(`[data-try-${name}]`);
  const shape = scope.querySelector(ok ? "template[data-try-ok]" : "template[data-try-bad]");
  out.hidden = false;
  part("state").replaceChildren(shape.content.cloneNode(true));
  part("words").textContent = words;
  part("time").textContent = time;
  part("request").textContent = request;
  part("result").textContent = text;
  part("result").hidden = !text;
  form.dispatchEvent(new CustomEvent("try:answered", { bubbles: true, detail: { ok } }));
}

async function send(form) {
  const headers = { ...JSON.parse(document.body.getAttribute("hx-headers") ?? "{}") };
  Object.assign(headers, { "Content-Type": "application/json", Accept: "application/json" });
  const start = performance.now();
  const answer = await fetch(form.dataset.try, { method: "POST", headers, body: body(form), credentials: "same-origin" });
  const raw = await answer.text();
  const time = `${Math.round(performance.now() - start)} ms`;
  const request = answer.headers.get(REQUEST_ID) ?? "";
  let parsed = raw;
  try {
    parsed = JSON.parse(raw);
  } catch {
    // Not JSON: a proxy's page, say. It is shown as it came, cut short.
    parsed = raw.slice(0, 2000);
  }
  const text = typeof parsed === "string" ? parsed : JSON.stringify(parsed, null, 2);
  show(form, { ok: answer.ok, words: answer.ok ? "" : said(parsed, answer.status), text, time, request });
}

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-try]");
  if (!form) return;
  event.preventDefault();
  const button = event.submitter ?? form.querySelector("button[type=submit]");
  if (button?.getAttribute("aria-busy") === "true") return;
  button?.setAttribute("aria-busy", "true");
  try {
    await send(form);
  } catch (problem) {
    const lost = problem instanceof TypeError;
    const json = problem instanceof SyntaxError;
    const words = lost ? "The connection dropped. Try again." : json ? `This is not valid JSON: ${problem.message}` : problem.message;
    show(form, { ok: false, words });
  } finally {
    button?.removeAttribute("aria-busy");
  }
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-try-example]");
  const form = button?.form ?? button?.closest("[data-try-scope]")?.querySelector("form[data-try]");
  if (!form) return;
  for (const [name, given] of Object.entries(JSON.parse(button.dataset.tryExample))) {
    const field = form.elements[name];
    if (!field) continue;
    if (field.type === "checkbox") field.checked = Boolean(given);
    else field.value = typeof given === "object" ? JSON.stringify(given) : given;
  }
});
