/** Status codes and methods, as caches see them. */

/** Statuses that may be given a lifetime by guess (RFC 9110 section 15.1). 206 is left out: a part is no answer to guess about. */
const HEURISTIC = new Set([200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501])

/** Final statuses whose meaning for a cache this package implements, for `must-understand` (RFC 9111 section 5.2.2.3). */
const UNDERSTOOD = new Set([
  200, 201, 202, 203, 204, 205, 300, 301, 302, 303, 305, 307, 308, 400, 401, 402, 403, 404, 405,
  406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 421, 422, 426, 428, 429, 431, 451,
  500, 501, 502, 503, 504, 505, 511,
])

/** True when a response with this status may be fresh without saying how long (RFC 9111 section 4.2.2). */
export function isHeuristicallyCacheable(status: number): boolean {
  return HEURISTIC.has(status)
}

/** True when the status is one whose caching rules are known here. */
export function isUnderstoodStatus(status: number): boolean {
  return UNDERSTOOD.has(status)
}

/** True for the methods that change nothing (RFC 9110 section 9.2.1). A method that is not known is not safe. */
export function isSafeMethod(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS' || method === 'TRACE'
}

/** True for the statuses that say the origin itself failed, for `stale-if-error` (RFC 5861 section 4). */
export function isOriginFailure(status: number): boolean {
  return status === 500 || status === 502 || status === 503 || status === 504
}
