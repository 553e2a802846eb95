// Requests that a page makes by itself say so: they must not keep a session alive that nobody uses.
// A person is behind a request when a real event began it, or when they touched the page just now
// (our keys click on their behalf, and such clicks are not real events).
document.addEventListener("htmx:configRequest", (event) => {
  const begun = event.detail.triggeringEvent?.isTrusted || navigator.userActivation?.isActive;
  if (!begun) event.detail.headers["X-By-Itself"] = "1";
});
