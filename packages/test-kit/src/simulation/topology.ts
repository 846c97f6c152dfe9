/**
 * Who is connected to whom: pairs of positions.
 */
export type Links = Array<readonly [number, number]>

/**
 * Shapes of networks, by the number of their nodes.
 */
export const TOPOLOGIES = {
  line: (nodes: number): Links => Array.from({ length: nodes - 1 }, (_, i) => [i, i + 1]),
  ring: (nodes: number): Links => Array.from({ length: nodes }, (_, i) => [i, (i + 1) % nodes]),
  star: (nodes: number): Links => Array.from({ length: nodes - 1 }, (_, i) => [0, i + 1]),
  mesh: (nodes: number): Links => Array.from({ length: nodes }, (_, i) => Array.from({ length: i }, (_, j) => [j, i] as const)).flat(),

  /**
   * Each node has six neighbours at random, two of them on a ring, so that nobody is left out.
   */
  degree6: (nodes: number, random: () => number): Links => {
    const permutations = [TOPOLOGIES.ring(nodes), ...[0, 1].map(() => {
      const order = shuffled(nodes, random)

      return TOPOLOGIES.ring(nodes).map(([a, b]): readonly [number, number] => [order[a], order[b]])
    })]

    return unique(permutations.flat())
  },

  /**
   * Links at random, about as many as each node needs to be reached from all others, on a ring of all.
   */
  random: (nodes: number, random: () => number): Links => {
    const count = Math.ceil(nodes * Math.log(nodes) / 2)

    return unique([...TOPOLOGIES.ring(nodes), ...Array.from({ length: count }, () => [Math.floor(random() * nodes), Math.floor(random() * nodes)] as const)])
  }
} satisfies Record<string, (nodes: number, random: () => number) => Links>

/**
 * Their names.
 */
export type Topology = keyof typeof TOPOLOGIES

/**
 * Most links between two nodes on the shortest way.
 */
export function diameterOf (nodes: number, links: Links): number {
  const neighbours = Array.from({ length: nodes }, (): number[] => [])

  for (const [a, b] of links) {
    neighbours[a].push(b)
    neighbours[b].push(a)
  }

  return Math.max(...neighbours.map((_, start) => {
    const distance = new Map([[start, 0]])

    for (const [node, far] of distance) {
      neighbours[node].forEach(other => { distance.has(other) || distance.set(other, far + 1) })
    }

    return distance.size === nodes ? Math.max(...distance.values()) : Infinity
  }))
}

function unique (links: Links): Links {
  const seen = new Map(links.filter(([a, b]) => a !== b).map(([a, b]) => [`${Math.min(a, b)} ${Math.max(a, b)}`, [a, b] as const]))

  return [...seen.values()]
}

function shuffled (count: number, random: () => number): number[] {
  const order = Array.from({ length: count }, (_, i) => i)

  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]]
  }

  return order
}
