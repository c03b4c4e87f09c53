/**
 * HTTP caching rules as pure functions over field values: `keepfresh/http`.
 *
 * No request, no response and no cache in sight, so they fit any server, and can be tried in a console.
 */

export { chooseCoding, normaliseAcceptEncoding } from './accept-encoding.js'
export { chooseLanguage, normaliseAcceptLanguage } from './accept-language.js'
export {
  assetPolicy,
  type AssetPolicyOptions,
  type HeaderSetter,
  isFingerprinted,
  type StaticAssets,
  staticAssets,
} from './asset.js'
export {
  type ExtensionDirective,
  NO_DIRECTIVES,
  parseCacheControl,
  type ResponseDirectives,
} from './cache-control.js'
export {
  cacheControlDirectives,
  type CacheControlOptions,
  capLifetimes,
  formatCacheControl,
  formatRequestCacheControl,
} from './cache-control-format.js'
export { capFields } from './cap.js'
export { formatCacheGroups, invalidatedGroups, parseCacheGroups } from './cache-groups.js'
export {
  appendCacheStatus,
  type CacheStatus,
  type CacheStatusWriter,
  createCacheStatusWriter,
  formatCacheStatus,
  type ForwardReason,
  parseCacheStatus,
} from './cache-status.js'
export { clearSiteData, type SiteData } from './clear-site-data.js'
export {
  type ContentRange,
  formatContentRange,
  formatUnsatisfiedRange,
  parseContentRange,
  rangeWithin,
  remainingRange,
} from './content-range.js'
export { parseAge, parseDeltaSeconds } from './delta-seconds.js'
export {
  type EntityTag,
  formatEntityTag,
  isEntityTag,
  isWeakTag,
  listHasTag,
  parseEntityTag,
  parseEntityTags,
  sameTag,
  type TagComparison,
  weakTag,
} from './entity-tag.js'
export {
  codedEtag,
  contentEtag,
  type ETagOptions,
  uncodedEtag,
  type Version,
  versionEtag,
} from './etag.js'
export {
  findUnsafeLine,
  isFieldValue,
  isStoredStatus,
  type UnsafeLine,
  type UnsafeReason,
} from './field-safety.js'
export {
  type FieldLine,
  fieldsFromLines,
  fieldValue,
  type FieldValues,
  hasField,
  linesFromFields,
  splitList,
} from './fields.js'
export {
  ageSeconds,
  computeFreshness,
  currentAgeMs,
  type Freshness,
  type FreshnessInput,
  type HeuristicOptions,
  type LifetimeSource,
  remainingMs,
} from './freshness.js'
export { headEffect } from './head-update.js'
export { formatHttpDate, parseHttpDate } from './http-date.js'
export { type InvalidationInput, invalidatedUrls, mayHaveChanged } from './invalidation.js'
export { type Lifetime, toSeconds } from './lifetime.js'
export {
  formatNoVarySearch,
  FULL_VARIANCE,
  parseNoVarySearch,
  searchKey,
  type SearchVariance,
} from './no-vary-search.js'
export { createNormalisers, type NormaliserOptions } from './normalisers.js'
export {
  type CachePolicy,
  cachePolicy,
  type CachePolicyOptions,
  expiresValue,
  policyFields,
  type TargetedPolicy,
} from './policy.js'
export {
  evaluatePreconditions,
  isConditional,
  type PreconditionInput,
  type PreconditionOutcome,
  rangeApplies,
} from './preconditions.js'
export { type PurgeRequest, purgeRequests, type PurgeTarget } from './purge-requests.js'
export { parsePreferences, type Preference } from './quality.js'
export { type ByteRange, type RangeLimits, selectRanges } from './range.js'
export {
  planRange,
  rangeContent,
  type RangePart,
  type RangePlan,
  type RangePlanInput,
} from './range-response.js'
export {
  NO_REQUEST_DIRECTIVES,
  parseRequestCacheControl,
  type RequestDirectives,
} from './request-cache-control.js'
export {
  judgeReuse,
  mayServeOnError,
  type Reuse,
  type StalePermission,
  uselessFrom,
} from './reuse.js'
export {
  isHeuristicallyCacheable,
  isOriginFailure,
  isSafeMethod,
  isUnderstoodStatus,
} from './statuses.js'
export { type StorableInput, storeRefusal, type StoreRefusal } from './storable.js'
export { isHopByHop, storableLines, updateLines } from './stored-fields.js'
export type {
  BareItem,
  Dictionary as StructuredDictionary,
  InnerList as StructuredInnerList,
  Item as StructuredItem,
  Member as StructuredMember,
  Parameters as StructuredParameters,
} from './structured.js'
export {
  formatDictionary as formatStructuredDictionary,
  formatItem as formatStructuredItem,
  formatList as formatStructuredList,
} from './structured-format.js'
export {
  parseDictionary as parseStructuredDictionary,
  parseItem as parseStructuredItem,
  parseList as parseStructuredList,
} from './structured-parse.js'
export {
  encodeSurrogateKey,
  formatSurrogateKeys,
  SURROGATE_KEY_FORMATS,
  type SurrogateKeyDialect,
  type SurrogateKeyFormat,
  type SurrogateKeys,
} from './surrogate-keys.js'
export {
  governingDirectives,
  type GoverningDirectives,
  parseTargetedCacheControl,
} from './targeted.js'
export { createUrlKey, type KeyedTarget, type UrlKey, type UrlKeyOptions } from './url-key.js'
export type { TargetRefusal } from './url-path.js'
export type { DeclaredQuery } from './url-query.js'
export {
  confirmsStored,
  notModifiedFields,
  readValidators,
  validationFields,
  type Validators,
} from './validation.js'
export {
  type FieldNormaliser,
  type FieldNormalisers,
  formatVary,
  mergeVary,
  normaliseList,
  parseVary,
  selectingFields,
  type Vary,
  variantKey,
} from './vary.js'
