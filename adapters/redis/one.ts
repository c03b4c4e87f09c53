import { Link, type LinkSetup } from './link.js'
import type { Router } from './router.js'

/** One server, or the master that Sentinels name: everything is there. */
export function routeToOne(
  server: string,
  setup: Omit<LinkSetup, 'masterOnly' | 'redirect' | 'onChange'>,
): Router {
  const link = new Link(server, {
    ...setup,
    masterOnly: true,
    redirect: () => false,
    onChange: () => router.onMove?.(),
  })
  const links = [link]
  const router: Router = {
    clustered: false,
    slot: () => 0,
    send: (request) => link.send(request),
    link: () => link,
    links: () => links,
    address: () => undefined,
    onMove: undefined,
    health: () => [{ server, circuit: link.circuit.state }],
    close: () => link.close(),
  }
  return router
}
