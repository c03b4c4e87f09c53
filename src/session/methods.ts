import type { Callback } from './callbacks.js'
import type { SessionData } from './record.js'

/**
 * What stores of both frameworks have. Without a callback each method returns a promise.
 *
 * The type parameters stand for the frameworks' own types of a session, which need not be installed by those who have no sessions.
 */
/* oxlint-disable typescript/no-unnecessary-type-parameters */
export interface SessionMethods {
  get<Session = SessionData>(
    id: string,
    callback: (error: unknown, session?: Session | null) => void,
  ): void
  get<Session = SessionData>(id: string): Promise<Session | null>
  set(id: string, session: object, callback: Callback): void
  set(id: string, session: object): Promise<void>
  touch(id: string, session: object, callback: Callback): void
  touch(id: string, session: object): Promise<void>
  destroy(id: string, callback: Callback): void
  destroy(id: string): Promise<void>
  all<Session = SessionData>(callback: (error: unknown, sessions?: Session[]) => void): void
  all<Session = SessionData>(): Promise<Session[]>
  length(callback: (error: unknown, length?: number) => void): void
  length(): Promise<number>
  clear(callback: Callback): void
  clear(): Promise<void>
}
/* oxlint-enable typescript/no-unnecessary-type-parameters */
