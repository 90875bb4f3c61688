// Which page is shown, and how often it asks: never in a tab that nobody sees.
import { get, ApiError, post } from './api.js';
import { address, byId, h, replace, say } from './dom.js';
import { view as overview } from './view_overview.js';
import { view as queues } from './view_queues.js';
import { view as jobs } from './view_jobs.js';
import { view as job } from './view_job.js';
import { view as dead } from './view_dead.js';
import { view as periodic } from './view_periodic.js';
import { view as workers } from './view_workers.js';
import { view as limits } from './view_limits.js';
import { view as audit } from './view_audit.js';
import { view as login } from './view_login.js';

const views = [overview, queues, jobs, dead, periodic, workers, limits, audit, job, login];
let about = null;
let shown = null; // {view, page, url, abort, timer, failures, context}

const here = () => {
  const path = location.pathname;
  return { page: path.slice(path.lastIndexOf('/') + 1), parameters: Object.fromEntries(new URLSearchParams(location.search)) };
};
const isOurs = (url) => {
  const folder = new URL('./', document.baseURI);
  if (url.origin !== folder.origin || !url.pathname.startsWith(folder.pathname)) return false;
  return views.some((view) => view.page === url.pathname.slice(folder.pathname.length));
};

export function go(page, parameters = {}, { instead = false } = {}) {
  const url = address(page, parameters);
  if (instead) history.replaceState(null, '', url);
  else history.pushState(null, '', url);
  return show(!instead);
}

function drawFrame(current) {
  const entries = views.filter((view) => view.inMenu).map((view) => h('li', {},
    h('a', { href: address(view.page), 'aria-current': view === current ? 'page' : null, 'data-key': 'nav-' + view.page }, view.title)));
  replace(byId('nav'), h('ul', {}, entries));
  byId('nav').classList.remove('open');
  byId('menu').setAttribute('aria-expanded', 'false');
  const theme = document.documentElement.dataset.theme ?? 'auto';
  const next = { auto: 'light', light: 'dark', dark: 'auto' }[theme];
  replace(byId('who'),
    about?.read_only ? h('span', { class: 'tag' }, 'read-only') : about && !about.may_change ? h('span', { class: 'tag' }, 'may look') : null,
    about?.user ? h('span', {}, about.user) : null,
    h('button', { type: 'button', 'data-key': 'theme', 'aria-label': `Colours: ${theme}. Change to ${next}`, onclick: () => setTheme(next) },
      { auto: 'Auto', light: 'Light', dark: 'Dark' }[theme]),
    about?.signs_in_by === 'token' && about.user ? h('button', { type: 'button', 'data-key': 'sign-out', onclick: signOut }, 'Sign out') : null);
}

function setTheme(theme) {
  try { localStorage.setItem('aftercommit-theme', theme); } catch { /* kept for this page alone */ }
  applyTheme(theme);
  drawFrame(shown.view);
}
function applyTheme(theme) {
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

async function signOut() {
  await post('session/end', {}).catch(() => {});
  about = null;
  go('login');
}

function complain(text) {
  const banner = byId('banner');
  if ((banner.firstChild?.textContent ?? '') === (text ?? '')) return;
  replace(banner, text ? h('p', { class: 'trouble' }, text) : null);
}

async function refresh(page) {
  clearTimeout(page.timer);
  try {
    await page.view.refresh(page.context);
    if (page !== shown) return;
    page.failures = 0;
    complain(null);
    byId('fresh').textContent = page.view.every ? 'as of ' + new Date().toLocaleTimeString() : '';
  } catch (error) {
    if (error.name === 'AbortError' || page !== shown) return;
    if (error instanceof ApiError && error.status === 401 && about?.signs_in_by !== 'password') {
      return go('login', { to: page.page + location.search }, { instead: true });
    }
    page.failures += 1;
    complain(error.message);
    if (byId('view').firstElementChild?.className === 'loading') replace(byId('view'));
    if (!(error instanceof ApiError)) console.error(error);
  }
  schedule(page);
}

function schedule(page) {
  clearTimeout(page.timer);
  if (page !== shown || !page.view.every || document.hidden) return;
  // Nothing moves below a question that is asked.
  const look = () => (document.querySelector('dialog[open]') ? schedule(page) : refresh(page));
  page.timer = setTimeout(look, Math.min(page.view.every * 2 ** page.failures, 60000));
}

async function show(moved) {
  shown?.abort.abort();
  clearTimeout(shown?.timer);
  for (const dialog of document.querySelectorAll('dialog[open]')) dialog.close(''); // of the page before
  const { page, parameters } = here();
  const view = views.find((one) => one.page === page) ?? overview;
  const abort = new AbortController();
  const mine = { view, page, url: location.pathname + location.search, abort, timer: 0, failures: 0, context: null };
  shown = mine;
  const root = byId('view');
  document.title = view.title + ' · aftercommit';
  byId('title').textContent = view.title;
  byId('fresh').textContent = '';
  complain(null);
  drawFrame(view);
  replace(root, h('p', { class: 'loading' }, 'Loading…'));
  if (moved) {
    byId('title').focus({ preventScroll: true });
    scrollTo(0, 0);
    say(view.title);
  }
  if (about === null && view !== login) {
    try {
      about = await get('about', {}, abort.signal);
    } catch (error) {
      if (mine !== shown) return;
      if (error.status === 401) return go('login', { to: page + location.search }, { instead: true });
      complain(error.message);
      if (!document.hidden) mine.timer = setTimeout(() => show(false), 5000);
      return;
    }
    if (mine !== shown) return;
    drawFrame(view);
  }
  mine.context = {
    root, parameters, about, signal: abort.signal, go,
    again: () => refresh(mine),
    signedIn: (to) => { about = null; go(to.page, to.parameters, { instead: true }); },
  };
  view.begin(mine.context);
  await refresh(mine);
}

document.addEventListener('click', (event) => {
  const anchor = event.target.closest?.('a[href]');
  if (!anchor || event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const url = new URL(anchor.href);
  if (!isOurs(url) || anchor.target || url.hash) return;
  event.preventDefault();
  history.pushState(null, '', url);
  show(true);
});
addEventListener('popstate', () => { if (location.pathname + location.search !== shown?.url) show(true); }); // else it was to #main
document.addEventListener('visibilitychange', () => {
  if (shown === null) return;
  if (document.hidden) clearTimeout(shown.timer);
  else if (shown.context === null) show(false);
  else if (shown.view.every) refresh(shown);
});
byId('menu').addEventListener('click', () => {
  const open = byId('nav').classList.toggle('open');
  byId('menu').setAttribute('aria-expanded', String(open));
});
let theme = 'auto';
try { theme = localStorage.getItem('aftercommit-theme') ?? 'auto'; } catch { /* not allowed here */ }
applyTheme(theme);
show(false);
