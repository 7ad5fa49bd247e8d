/* Fields follow the language chosen for them: their letters run its way, and spell checkers know it. */
const RTL = new Set(["ar", "fa", "he", "ps", "ur", "ckb", "dv", "yi", "sd", "ug"]); // as kernel/languages.py

export function enhanceForms(root) {
  for (const select of root.querySelectorAll("select[data-hs-lang-of]")) {
    const field = document.getElementById(select.dataset.hsLangOf);
    if (!field) continue;
    select.addEventListener("change", () => {
      field.lang = select.value;
      field.dir = select.value ? (RTL.has(select.value.split("-")[0]) ? "rtl" : "ltr") : "auto";
    });
  }
}
