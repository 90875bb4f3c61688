import { get, post } from './api.js';
import { h, replace, say } from './dom.js';

// Where to go then: a page of ours and its query, whatever stands in the address.
function target(text) {
  const [page, query] = (text ?? '').split('?', 2);
  return { page: /^[a-z]*$/.test(page) ? page : '', parameters: Object.fromEntries(new URLSearchParams(query ?? '')) };
}

export const view = {
  page: 'login', title: 'Sign in', inMenu: false, every: 0,

  begin({ root, parameters, signedIn }) {
    const field = h('input', { type: 'password', name: 'token', autocomplete: 'current-password', required: true, 'aria-describedby': 'login-flaw' });
    const flaw = h('p', { id: 'login-flaw', role: 'alert' });
    replace(root, h('form', { class: 'filter', onsubmit: async (event) => {
      event.preventDefault();
      try {
        await post('session', { token: field.value });
        await get('about');
        signedIn(target(parameters.to));
      } catch (error) {
        flaw.textContent = error.message;
        say(error.message);
        field.select();
      }
    } }, h('label', {}, 'Token', field), h('button', { type: 'submit', class: 'strong' }, 'Sign in')), flaw);
    field.focus();
  },

  async refresh() {},
};
