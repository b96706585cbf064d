// A prebuilt JupyterLab extension, written by hand: nothing to build, nothing to download.
// In command mode a notebook takes the keys of everything that is no text field: without this, an arrow pressed on a menu of choices moves
// to another cell instead of choosing, and an « x » cuts the cell. A control in an output keeps the keys it lives by.
(() => {
  const ALL_KEYS = "select, input, [role=slider], [role=spinbutton]";
  const PRESS_KEYS = "button, summary, a[href], [role=button]";
  const SUPPRESS = "data-lm-suppress-shortcuts"; // JupyterLab looks for no shortcut on an element that bears it

  /** Whether the pressed key is the control's own. Shift+Enter stays the notebook's: one runs the next cell from a button just pressed. */
  function belongs(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || (event.shiftKey && event.key === "Enter") || event.key === "Escape") {
      return false;
    }
    return event.target.matches(ALL_KEYS) || (event.target.matches(PRESS_KEYS) && (event.key === "Enter" || event.key === " "));
  }

  const plugin = {
    id: "contrepoint-keys:outputs",
    description: "Laisse aux commandes des résultats les touches dont elles se servent.",
    autoStart: true,
    activate: () => {
      // On the window, so before JupyterLab, which listens on the document.
      window.addEventListener(
        "keydown",
        (event) => {
          if (event.target instanceof Element && event.target.closest(".jp-OutputArea-output")) {
            event.target.toggleAttribute(SUPPRESS, belongs(event));
          }
        },
        true,
      );
    },
  };

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB["contrepoint-keys"] = {
    init: async () => {},
    get: async () => () => ({ __esModule: true, default: plugin }), // without the mark, JupyterLab takes the whole for the plugin
  };
})();
