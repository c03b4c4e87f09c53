import { type Html, html } from './html.ts'

/** A page that is not there, or a form that cannot be used. */
export function problemView(title: string, advice: string): Html {
  return html`
    <h1>${title}</h1>
    <p class="lead">${advice} <a href="/">Back to the airports</a>.</p>
  `
}
