import { until } from '../until.js'
import { freePort } from './ports.js'
import { isInStep, redisKind, withCommands, type RedisServer } from './redis.js'
import { startServer } from './server.js'

const SLOTS = 16_384

/** A Redis Cluster of plain `redis-server` processes; each node can be killed, paused and restarted by itself. */
export interface RedisCluster extends AsyncDisposable {
  readonly nodes: readonly RedisServer[]
  /** The nodes that began as masters, in the order of their slots; after a failover roles differ. */
  readonly masters: readonly RedisServer[]
  /** The nodes that began as replicas: those of the first master first. */
  readonly replicas: readonly RedisServer[]
  /** Where a client starts: host and port of every node. */
  readonly startupNodes: readonly { readonly host: string; readonly port: number }[]
  /** Moves one slot with its keys, as resharding does. */
  moveSlot(slot: number, from: RedisServer, to: RedisServer): Promise<void>
  /** Waits until every running node says that all slots are served, by running nodes only. */
  settled(): Promise<void>
  stop(): Promise<void>
}

export interface RedisClusterOptions {
  /** Default: 3. */
  readonly masters?: number
  /** Replicas of each master. Default: 0. */
  readonly replicas?: number
  /** How long a node may be silent before it counts as failed, in milliseconds; a failover takes about twice as long. Default: 1,000. */
  readonly nodeTimeoutMs?: number
  /** More configuration for every node. */
  readonly args?: readonly string[]
  readonly password?: string
}

/** Starts an empty cluster with all slots assigned evenly. */
export async function startRedisCluster(options: RedisClusterOptions = {}): Promise<RedisCluster> {
  const { masters: masterCount = 3, replicas: replicasEach = 0 } = options
  const count = masterCount * (1 + replicasEach)
  const started = await Promise.allSettled(Array.from({ length: count }, () => startNode(options)))
  const nodes = started.filter((node) => node.status === 'fulfilled').map((node) => node.value)
  const cluster = clusterOf(nodes, masterCount)
  try {
    for (const node of started) if (node.status === 'rejected') throw node.reason
    await join(nodes)
    await assignSlots(cluster.masters)
    await replicate(cluster, replicasEach)
    await cluster.settled()
    return cluster
  } catch (error) {
    await cluster.stop()
    throw error
  }
}

interface Node extends RedisServer {
  readonly busPort: number
}

async function startNode(options: RedisClusterOptions): Promise<Node> {
  const { nodeTimeoutMs = 1_000, args = [], password } = options
  const busPort = await freePort()
  const settings = {
    'cluster-enabled': 'yes',
    'cluster-port': busPort,
    'cluster-node-timeout': nodeTimeoutMs,
    'cluster-replica-validity-factor': 0,
    ...(password && { requirepass: password, masterauth: password }),
  }
  const kind = redisKind({ name: 'redis-node', password, settings, args })
  return Object.assign(withCommands(await startServer(kind), password), { busPort })
}

function clusterOf(nodes: readonly Node[], masterCount: number): RedisCluster {
  const stop = async () => {
    // Killed, not asked: a master that is asked to stop waits for its replicas, which are stopping too.
    await Promise.all(nodes.map((node) => node.kill()))
    await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()))
  }
  return {
    nodes,
    masters: nodes.slice(0, masterCount),
    replicas: nodes.slice(masterCount),
    startupNodes: nodes.map(({ host, port }) => ({ host, port })),
    moveSlot,
    settled: () =>
      until('the cluster is settled', async () => {
        const running = nodes.filter((node) => node.running)
        const views = await Promise.all(running.map((node) => servedBy(node)))
        const owners = new Set(running.map((node) => node.port))
        return views.every((view) => view.size > 0 && [...view].every((port) => owners.has(port)))
      }),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

async function join(nodes: readonly Node[]): Promise<void> {
  const [first, ...others] = nodes
  await Promise.all(
    nodes.map((node, index) => node.command('CLUSTER', 'SET-CONFIG-EPOCH', index + 1)),
  )
  for (const node of others) {
    await first?.command('CLUSTER', 'MEET', node.host, node.port, node.busPort)
  }
  await until('all nodes know each other', async () => {
    const views = await Promise.all(nodes.map((node) => node.command('CLUSTER', 'NODES')))
    return views.every((view) => {
      const lines = String(view).trim().split('\n')
      return lines.length === nodes.length && !/handshake|noaddr|disconnected/.test(String(view))
    })
  })
}

async function assignSlots(masters: readonly RedisServer[]): Promise<void> {
  await Promise.all(
    masters.map((master, index) => {
      const from = Math.floor((index * SLOTS) / masters.length)
      const to = Math.floor(((index + 1) * SLOTS) / masters.length) - 1
      return master.command('CLUSTER', 'ADDSLOTSRANGE', from, to)
    }),
  )
}

async function replicate(cluster: RedisCluster, replicasEach: number): Promise<void> {
  const ids = await Promise.all(cluster.masters.map((master) => idOf(master)))
  await Promise.all(
    cluster.replicas.map(async (replica, index) => {
      const master = ids[Math.floor(index / replicasEach)] ?? ''
      await replica.command('CLUSTER', 'REPLICATE', master)
      await until('the replica is in step with its master', () => isInStep(replica))
    }),
  )
  // A failover counts replicas as the other masters know them.
  await until('the masters know their replicas', async () => {
    const views = await Promise.all(cluster.nodes.map((node) => node.command('CLUSTER', 'NODES')))
    return views.every(
      (view) =>
        [...String(view).matchAll(/ (?:myself,)?slave /g)].length === cluster.replicas.length,
    )
  })
}

async function moveSlot(slot: number, from: RedisServer, to: RedisServer): Promise<void> {
  const [fromId, toId] = await Promise.all([idOf(from), idOf(to)])
  await to.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId)
  await from.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId)
  for (;;) {
    const keys = (await from.command('CLUSTER', 'GETKEYSINSLOT', slot, 100)) as string[]
    if (keys.length === 0) break
    const auth = to.password ? ['AUTH', to.password] : []
    await from.command('MIGRATE', to.host, to.port, '', 0, 5_000, ...auth, 'KEYS', ...keys)
  }
  await to.command('CLUSTER', 'SETSLOT', slot, 'NODE', toId)
  await from.command('CLUSTER', 'SETSLOT', slot, 'NODE', toId)
}

/** Ports of the nodes that serve slots, as `node` sees it; none while it says that the cluster is down. */
async function servedBy(node: RedisServer): Promise<Set<number>> {
  const state = String(await node.command('CLUSTER', 'INFO'))
  if (!/cluster_state:ok/.test(state) || !/slots_ok:16384/.test(state)) return new Set()
  // <id> <ip:port@busport> <flags> <master> <ping> <pong> <epoch> <link> [<slots> ...]
  const lines = String(await node.command('CLUSTER', 'NODES'))
    .trim()
    .split('\n')
  const owners = lines.map((line) => line.split(' ')).filter((fields) => fields.length > 8)
  return new Set(owners.map(([, address = '']) => Number(/:(\d+)@/.exec(address)?.[1])))
}

const idOf = async (node: RedisServer): Promise<string> =>
  String(await node.command('CLUSTER', 'MYID'))
