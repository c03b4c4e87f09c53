export {
  fragment,
  type FragmentOptions,
  fragments,
  type Markup,
  type ItemOptions,
} from './fragment.js'
export { hole, type Hole } from './hole.js'
export { Html, html, type HtmlValue, raw } from './html.js'
export { later, whole } from './later.js'
export { templateVersion } from './template-version.js'
export { uncacheable } from './uncacheable.js'
