// The search field hides the rows that do not contain its text.

export function onSearch(event) {
  if (event.target.id === "search") filterRows();
}

export function clearSearch(field) {
  field.value = "";
  filterRows();
  field.blur();
}

export function filterRows() {
  const field = document.getElementById("search");
  if (!field) return;
  const wanted = field.value.trim().toLowerCase();
  let matches = 0;
  for (const row of document.querySelectorAll(field.dataset.rows)) {
    row.hidden = wanted !== "" && !row.textContent.toLowerCase().includes(wanted);
    matches += row.hidden ? 0 : 1;
  }
  const none = document.getElementById("none");
  if (none) none.hidden = wanted === "" || matches > 0;
  const count = document.getElementById("matches");
  if (count) count.textContent = wanted === "" ? "" : matches === 1 ? "1 line" : `${matches} lines`;
}
