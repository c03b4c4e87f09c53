import { PassThrough } from 'node:stream'
import { createElement, type ReactElement, type ReactNode, use } from 'react'
import { renderToPipeableStream } from 'react-dom/server'

/** What `Markup` shows, and in which element. */
export interface MarkupProps {
  /** Markup that is there or on its way: what `fragment` returns. */
  readonly of: string | Promise<string>
  /** The element around it. Default: `'div'`. */
  readonly as?: string | undefined
  readonly className?: string | undefined
  readonly id?: string | undefined
}

/**
 * Shows markup that was kept, in an element: `<Markup of={fragment(cache, ['sidebar'], {}, () => renderMarkup(<Sidebar />))} />`. Within
 * `Suspense` a page streams on while it is made. Make the promise outside of the component that suspends, as React asks.
 */
export function Markup({ of, as = 'div', ...rest }: MarkupProps): ReactElement {
  const markup = typeof of === 'string' ? of : use(of)
  return createElement(as, { ...rest, dangerouslySetInnerHTML: { __html: markup } })
}

/** A subtree as markup, once all of it is there, for a fragment. A component that throws rejects with what it threw. */
export function renderMarkup(node: ReactNode): Promise<string> {
  return new Promise((resolve, reject) => {
    let failed: { readonly error: unknown } | undefined
    const { pipe } = renderToPipeableStream(node, {
      onError(error) {
        failed ??= { error }
      },
      onShellError: reject,
      onAllReady() {
        // A part that failed would be kept as its fallback.
        if (failed !== undefined) {
          reject(failed.error)
          return
        }
        const chunks: Buffer[] = []
        const sink = new PassThrough()
        sink.on('data', (chunk: Buffer) => chunks.push(chunk))
        sink.once('end', () => resolve(Buffer.concat(chunks).toString()))
        pipe(sink)
      },
    })
  })
}
