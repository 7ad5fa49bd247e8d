/* What the checker says, at the field it belongs to: {path in the part: [{level, message}]}. */

function line(problem) {
  const row = document.createElement("span");
  row.className = problem.level === "error" ? "hs-error" : "hs-warning";
  const words = document.createElement("span");
  words.textContent = problem.message;
  row.append(words);
  return row;
}

function holderOf(form, path) {
  const name = path ? `f-${path}` : "f";
  const found = document.getElementById(`${name}-error`);
  if (found) return found;
  const field = document.getElementById(name);
  const holder = document.createElement("div");
  holder.id = `${name}-error`;
  if (!field || !form.contains(field)) form.prepend(holder);
  else if (field.matches("fieldset")) (field.querySelector("legend") ?? field.firstChild).after(holder);
  else if (field.matches("li")) field.prepend(holder);
  else field.before(holder);
  return holder;
}

export function placeProblems(form, problems) {
  for (const old of form.querySelectorAll("[id$='-error']")) old.replaceChildren();
  for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  for (const [path, found] of Object.entries(problems)) {
    holderOf(form, path).replaceChildren(...found.map(line));
    const field = document.getElementById(`f-${path}`);
    if (field?.matches("input, textarea, select")) field.setAttribute("aria-invalid", "true");
  }
}
