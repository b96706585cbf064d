// Figures of recorded runs become players, each when it comes into view; what is folded is unfolded for print.

function play(place) {
  const figure = place.querySelector("figure");
  const recorded = JSON.parse(document.getElementById(`film-${place.dataset.run}`).textContent);
  recorded.final = { table: figure.querySelector("table").outerHTML, figure: figure.querySelector("img").outerHTML };
  const caption = figure.querySelector("figcaption");
  figure.remove();
  window.contrepoint.render({ model: { get: () => recorded }, el: place });
  place.append(caption.textContent ? Object.assign(document.createElement("p"), { className: "occasion", innerHTML: caption.innerHTML }) : "");
}

const seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    seen.unobserve(target);
    play(target);
  }
}, { rootMargin: "200px" });
for (const place of document.querySelectorAll(".replay")) seen.observe(place);

let unfolded = [];
addEventListener("beforeprint", () => {
  unfolded = [...document.querySelectorAll("details:not([open])")].filter((fold) => fold.querySelector(".replay, .cp-compared"));
  for (const fold of unfolded) fold.open = true;
});
addEventListener("afterprint", () => {
  for (const fold of unfolded) fold.open = false;
});
