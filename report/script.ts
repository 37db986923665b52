/** The only script of the report: a cursor over the minutes. Everything else works without it. May be run again. */
export const SCRIPT = `
function readMinutes() {
  const range = document.getElementById('minute');
  if (!range) return;
  const columns = [...document.querySelectorAll('.column')];
  const sentences = columns.map((column) => {
    const title = column.querySelector('title');
    const sentence = title.textContent;
    title.remove();
    return sentence;
  });
  const told = document.getElementById('told');
  const cursor = document.getElementById('cursor');
  const chart = document.querySelector('.chart');
  const show = (index) => {
    const box = columns[index].getBBox();
    const middle = box.x + box.width / 2;
    cursor.setAttribute('transform', 'translate(' + middle + ' 0)');
    cursor.setAttribute('visibility', 'visible');
    told.textContent = sentences[index];
    range.setAttribute('aria-valuetext', sentences[index].slice(0, 5));
    const at = middle / chart.firstElementChild.viewBox.baseVal.width * chart.scrollWidth;
    if (at < chart.scrollLeft || at > chart.scrollLeft + chart.clientWidth) chart.scrollLeft = at - chart.clientWidth / 2;
  };
  range.addEventListener('input', () => show(Number(range.value)));
  range.addEventListener('focus', () => show(Number(range.value)));
  columns.forEach((column, index) => {
    const point = () => {
      range.value = String(index);
      show(index);
    };
    column.addEventListener('pointermove', point);
    column.addEventListener('click', () => {
      point();
      range.focus({ preventScroll: true });
    });
  });
  range.closest('p').hidden = false;
}
readMinutes();
`;
