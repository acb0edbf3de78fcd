/** The page's few lines of script: to find an instance, and to come again. Without them the page reads as well. */

/**
 * - A saved page that has grown old says so: it must not go on claiming that all is well.
 * - The page comes anew after five minutes, but not under the hands of somebody who reads further down, searches or has opened a fold.
 */
export const PAGE_SCRIPT = `
const box = document.querySelector('#find'), count = document.querySelector('#found');
const page = document.documentElement, made = Date.parse(page.dataset.made);
if (performance.timeOrigin - made > Number(page.dataset.trusted)) document.querySelector('#old').hidden = false;
if (box) {
  box.closest('.search').hidden = false;
  const rows = [...document.querySelectorAll('.instances tbody tr')].map((row) => [row, row.cells[0].textContent.toLowerCase() + ' ' + row.cells[1].textContent.toLowerCase()]);
  const folds = [...document.querySelectorAll('details')];
  box.addEventListener('input', () => {
    const wanted = box.value.trim().toLowerCase();
    let found = 0;
    for (const [row, text] of rows) found += (row.hidden = !text.includes(wanted)) ? 0 : 1;
    for (const fold of folds) {
      fold.open = wanted !== '' && fold.querySelector('tbody tr:not([hidden])') !== null;
      fold.hidden = wanted !== '' && !fold.open;
    }
    count.textContent = wanted === '' ? '' : found.toLocaleString('en') + ' of ' + rows.length.toLocaleString('en');
  });
}
if (location.protocol !== 'file:') AbortSignal.timeout(300000).addEventListener('abort', () => {
  if (scrollY < 200 && !box?.value && !document.querySelector('details[open]')) location.reload();
});
`;
