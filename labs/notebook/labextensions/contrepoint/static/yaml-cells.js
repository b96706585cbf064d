// A prebuilt JupyterLab extension, written by hand: nothing to build, nothing to download.
// It is a module federation container, as JupyterLab loads them: `init` gets the shared modules (none is needed), `get` a factory.
// Cells that begin with %%playbook or %%exercice are told to their editor as YAML; all others stay as their kernel wants them.
(() => {
  const YAML = "text/x-yaml";
  const HOLDS_YAML = /^\s*%%(playbook|exercice)\b/;

  /** Keep one code cell's language in step with its first line. `usual` gives the language of the notebook's kernel. */
  function follow(cell, usual) {
    const update = () => {
      const wanted = HOLDS_YAML.test(cell.sharedModel.getSource()) ? YAML : usual();
      if (wanted && cell.mimeType !== wanted) {
        cell.mimeType = wanted;
      }
    };
    cell.contentChanged.connect(update);
    cell.mimeTypeChanged.connect(update); // the notebook sets all its cells anew when its kernel has told its language
    update();
  }

  const plugin = {
    id: "contrepoint:yaml-cells",
    description: "Colore en YAML les cellules %%playbook et %%exercice.",
    autoStart: true,
    activate: (app) => {
      app.docRegistry.addWidgetExtension("Notebook", {
        createNew: (panel, context) => {
          const cells = context.model.cells;
          const usual = () => panel.content.codeMimetype;
          const followed = new WeakSet();
          const look = () => {
            for (const cell of cells) {
              if (cell.type === "code" && !followed.has(cell)) {
                followed.add(cell);
                follow(cell, usual);
              }
            }
          };
          cells.changed.connect(look);
          context.ready.then(look);
          look();
        },
      });
    },
  };

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB.contrepoint = {
    init: async () => {},
    get: async () => () => ({ __esModule: true, default: plugin }), // without the mark, JupyterLab takes the whole for the plugin
  };
})();
