// Asking before something is changed.
import { post } from './api.js';
import { h, say } from './dom.js';

// True once the person has agreed.  `typed`: what has to be written for it, where much is at stake.
export function ask({ title, text, action, danger = false, typed = null }) {
  return new Promise((resolve) => {
    const field = typed === null ? null : h('input', { autocomplete: 'off', 'aria-describedby': 'ask-text' });
    const yes = h('button', { type: 'submit', class: danger ? 'danger' : 'strong', disabled: typed !== null }, action);
    const dialog = h('dialog', { 'aria-labelledby': 'ask-title', 'aria-describedby': 'ask-text' },
      h('form', { method: 'dialog', onsubmit: (event) => { event.preventDefault(); dialog.close('yes'); } },
        h('h2', { id: 'ask-title' }, title),
        h('div', { id: 'ask-text' }, [text].flat().map((line) => h('p', {}, line))),
        field && h('label', {}, `Write ${typed} to go on`, field),
        h('div', { class: 'row' },
          h('button', { type: 'button', onclick: () => dialog.close('') }, 'Cancel'), yes)));
    field?.addEventListener('input', () => { yes.disabled = field.value !== typed; });
    dialog.addEventListener('close', () => {
      const agreed = dialog.returnValue === 'yes' && (field === null || field.value === typed);
      dialog.remove();
      resolve(agreed);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

// Asks for a text; null: cancelled.
export function askFor({ title, label, value = '', action, type = 'text', text = [], ...more }) {
  return new Promise((resolve) => {
    const field = h('input', { value, type, autocomplete: 'off', ...more });
    const dialog = h('dialog', { 'aria-labelledby': 'ask-title' },
      h('form', { method: 'dialog', onsubmit: (event) => { event.preventDefault(); dialog.close('yes'); } },
        h('h2', { id: 'ask-title' }, title),
        [text].flat().map((line) => h('p', {}, line)),
        h('label', {}, label, field),
        h('div', { class: 'row' },
          h('button', { type: 'button', onclick: () => dialog.close('') }, 'Cancel'),
          h('button', { type: 'submit', class: 'strong' }, action))));
    dialog.addEventListener('close', () => {
      const given = dialog.returnValue === 'yes' ? field.value : null;
      dialog.remove();
      resolve(given);
    });
    document.body.append(dialog);
    dialog.showModal();
    field.select();
  });
}

// Asks for several texts: [{name, label, value}]; null: cancelled, else an object by their names.
export function askForAll({ title, fields, action, text = [] }) {
  return new Promise((resolve) => {
    const inputs = fields.map(({ name, value = '', label, ...more }) => [name, label, h('input', { value, autocomplete: 'off', ...more })]);
    const dialog = h('dialog', { 'aria-labelledby': 'ask-title' },
      h('form', { method: 'dialog', onsubmit: (event) => { event.preventDefault(); dialog.close('yes'); } },
        h('h2', { id: 'ask-title' }, title),
        [text].flat().map((line) => h('p', {}, line)),
        inputs.map(([, label, input]) => h('label', {}, label, input)),
        h('div', { class: 'row' },
          h('button', { type: 'button', onclick: () => dialog.close('') }, 'Cancel'),
          h('button', { type: 'submit', class: 'strong' }, action))));
    dialog.addEventListener('close', () => {
      const given = dialog.returnValue === 'yes' ? Object.fromEntries(inputs.map(([name, , input]) => [name, input.value])) : null;
      dialog.remove();
      resolve(given);
    });
    document.body.append(dialog);
    dialog.showModal();
    inputs.find(([, , input]) => input.value === '')?.[2].focus();
  });
}

export function tell(title, ...lines) {
  const dialog = h('dialog', { 'aria-labelledby': 'ask-title' },
    h('form', { method: 'dialog' }, h('h2', { id: 'ask-title' }, title), lines.flat().map((line) => h('p', {}, line)),
      h('div', { class: 'row' }, h('button', { type: 'submit', class: 'strong' }, 'Close'))));
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

// A change, asked for and told of; then what is shown is looked at again.
export async function change(context, question, path, body, done) {
  if (!await ask(question)) return null;
  try {
    const answer = await post(path, body);
    say(done(answer));
    await context.again();
    return answer;
  } catch (error) {
    tell('It was not done', error.message);
    return null;
  }
}
