export {
  fragment,
  type FragmentOptions,
  fragments,
  type Markup,
  type ItemOptions,
} from './fragment.js'
export { hole, type Hole } from './hole.js'
export { templateVersion } from './template-version.js'
export { uncacheable } from './uncacheable.js'
