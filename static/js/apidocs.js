// The description of the REST API, browsable. What is tried here is sent as the person who is signed in.
const place = document.getElementById("api-docs");

window.SwaggerUIBundle({
  url: place.dataset.schema,
  domNode: place,
  deepLinking: true,
  docExpansion: "none",
  defaultModelsExpandDepth: -1,
  validatorUrl: null,
  filter: true,
  requestInterceptor(request) {
    if (new URL(request.url, location.href).origin === location.origin) request.headers["X-CSRFToken"] = place.dataset.csrf;
    return request;
  },
});
