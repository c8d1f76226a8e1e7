// What the pages of the API do beyond showing themselves: open the operation that an address names, filter, and copy commands.

const operations = [...document.querySelectorAll('details.operation')];

/** Opens the operation that the address names, and those around it. */
function openTarget() {
  let target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  target?.scrollIntoView();
  for (; target; target = target.parentElement) if (target instanceof HTMLDetailsElement) target.open = true;
}
addEventListener('hashchange', openTarget);
openTarget();

for (const block of document.querySelectorAll('pre')) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'copy';
  button.textContent = 'Copy';
  button.setAttribute('aria-label', `Copy: ${block.getAttribute('aria-label')}`);
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(block.textContent ?? '');
      button.textContent = 'Copied';
    } catch {
      // Only pages of https and of this machine may write to the clipboard.
      getSelection()?.selectAllChildren(block);
      button.textContent = 'Selected';
    }
    setTimeout(() => (button.textContent = 'Copy'), 2000);
  });
  const frame = document.createElement('div');
  frame.className = 'command';
  block.replaceWith(frame);
  frame.append(block, button);
}

const filter = document.getElementById('filter');
if (filter instanceof HTMLInputElement) {
  const count = document.getElementById('count');
  filter.closest('[hidden]')?.removeAttribute('hidden');
  const shown = operations.map((operation) => ({
    operation,
    text: `${operation.id} ${operation.querySelector('summary')?.textContent}`.toLowerCase(),
  }));
  filter.addEventListener('input', () => {
    const words = filter.value.toLowerCase().split(/\s+/);
    let found = 0;
    for (const { operation, text } of shown) {
      const isFound = words.every((word) => text.includes(word));
      operation.toggleAttribute('hidden', !isFound);
      if (isFound) found += 1;
    }
    for (const section of document.querySelectorAll('main > section'))
      section.toggleAttribute('hidden', section.querySelector('.operation:not([hidden])') === null);
    if (count !== null) count.textContent = filter.value === '' ? '' : `${found} of ${operations.length}`;
  });
}
