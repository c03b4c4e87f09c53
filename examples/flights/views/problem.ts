import { type Html, html } from 'keepfresh/fragment'

/** A page that is not there, or a form that cannot be used. */
export function problemView(title: string, advice: string): Promise<Html> {
  return html`
    <h1>${title}</h1>
    <p class="lead">${advice} <a href="/">Back to the airports</a>.</p>
  `
}
