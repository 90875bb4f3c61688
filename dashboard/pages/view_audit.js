import { get, post } from './api.js';
import { tell } from './dialogs.js';
import { block, h, link, replace } from './dom.js';
import { ago, count, span } from './format.js';

const isJob = (text) => /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(text);

function findings(audit) {
  return (audit.findings ?? []).map((finding) => h('li', {},
    h('h3', {}, `${finding.kind.replaceAll('_', ' ')}, queue ${finding.queue}: ${count(finding.count)} `,
      finding.needs_somebody ? h('span', { class: 'tag bad' }, 'has to be seen to') : h('span', { class: 'tag' }, 'passes by itself')),
    finding.meaning ? h('p', {}, finding.meaning) : null,
    finding.remedy ? h('p', {}, h('code', {}, finding.remedy)) : null,
    h('ul', {}, (finding.ids ?? finding.subjects ?? finding.jobs ?? []).map((subject) => h('li', { class: 'mono' }, isJob(subject) ? link('job', { id: subject }, subject) : subject)))));
}

export const view = {
  page: 'audit', title: 'Audit', inMenu: true, every: 3000,

  begin() {},

  async refresh(context) {
    const { root, signal } = context;
    const document = await get('audit', {}, signal);
    const running = document.state === 'running';
    const begin = async () => {
      try { await post('audit', {}); await context.again(); } catch (error) { tell('It was not begun', error.message); }
    };
    const audit = document.audit;
    replace(root,
      h('p', {}, 'Compares each job table with Redis: committed = done + dead + waiting + delayed + running. It reads every job, so it goes by itself only where there are few.'),
      h('div', { class: 'row' }, h('button', { type: 'button', class: 'strong', disabled: running, 'data-key': 'begin', onclick: begin }, running ? 'Looking…' : 'Look now'),
        h('span', { class: 'soft' }, `about ${count(document.jobs)} jobs; `, document.at ? ['looked at ', ago(document.at), ', in ', span(document.took_ms)] : 'nobody has looked yet')),
      document.error ? h('p', { class: 'trouble' }, document.error) : null,
      audit ? [
        h('p', { class: audit.needs_somebody ? 'trouble' : '' }, h('strong', {}, audit.needs_somebody ? 'Something has to be done.' : audit.agrees ? 'All agrees.' : 'What disagrees passes by itself.')),
        (audit.findings ?? []).length > 0 ? block('What disagrees', h('ul', {}, findings(audit))) : null,
        block('Numbers', h('details', { 'data-opens': 'numbers' }, h('summary', { 'data-key': 'numbers' }, 'The document, as aftercommit audit --json prints it'), h('pre', { tabindex: '0' }, JSON.stringify(audit, null, 2)))),
      ] : null);
  },
};
