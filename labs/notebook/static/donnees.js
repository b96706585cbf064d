// « Voir les données »: a table that is brought up to date without closing what the reader has opened.

function render({ model, el }) {
  const details = document.createElement("details");
  details.className = "cp-data";
  details.innerHTML = `<summary>Voir les données</summary><div class="cp-scroll" tabindex="0" role="region" aria-label="Données de la simulation"></div>`;
  el.append(details);
  const show = () => { details.lastElementChild.innerHTML = model.get("table"); };
  model.on("change:table", show);
  show();
  return () => model.off("change:table", show);
}

export default { render };
