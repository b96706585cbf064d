// The reader's choice of a light or a dark page, made before anything is drawn; without one, the system's own.
(() => {
  const root = document.documentElement;
  const store = {
    get: () => { try { return localStorage.getItem("contrepoint-theme"); } catch { return null; } }, // some browsers keep nothing for files
    set: (theme) => { try { localStorage.setItem("contrepoint-theme", theme); } catch { /* kept for this page only */ } },
  };
  const dark = () => (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const kept = store.get();
  if (kept) root.dataset.theme = kept;

  document.addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector(".theme");
    const dress = () => (button.textContent = dark() ? "Thème clair" : "Thème sombre");
    button.addEventListener("click", () => {
      root.dataset.theme = dark() ? "light" : "dark";
      store.set(root.dataset.theme);
      dress();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", dress);
    dress();
    button.hidden = false;
  });
})();
