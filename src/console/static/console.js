// Everything works without this script; with it, parts of a page refresh, texts can be copied, and
// dangerous buttons ask first.
const REFRESH_MS = 5_000;
const SLOWEST_MS = 60_000;

for (const part of document.querySelectorAll('[data-live]')) {
  let pause = REFRESH_MS;
  const refresh = async () => {
    if (!document.hidden && !part.contains(document.activeElement)) {
      try {
        const answer = await fetch(part.dataset.live, {
          headers: { accept: 'text/html' },
          redirect: 'error',
          signal: AbortSignal.timeout(30_000),
        });
        if (answer.ok) part.innerHTML = await answer.text();
        pause = answer.ok ? REFRESH_MS : Math.min(2 * pause, SLOWEST_MS);
      } catch {
        pause = Math.min(2 * pause, SLOWEST_MS);
      }
    }
    setTimeout(refresh, pause);
  };
  setTimeout(refresh, pause);
}

for (const button of document.querySelectorAll('[data-copy]')) {
  if (navigator.clipboard === undefined) break;
  button.hidden = false;
  button.addEventListener('click', () => {
    const { textContent } = button.closest('figure').querySelector('pre');
    void navigator.clipboard.writeText(textContent).then(() => (button.textContent = 'Copied'));
  });
}

document.addEventListener('submit', (event) => {
  const question = event.target.dataset.confirm;
  if (question !== undefined && !window.confirm(question)) event.preventDefault();
});
