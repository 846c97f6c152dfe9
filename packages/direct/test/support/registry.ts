import type { Metrics } from '@libp2p/interface'

/**
 * Keeps what the service reports, under `name` or `name{label}`.
 */
export class Registry {
  readonly counts: Record<string, number> = {}
  readonly gauges: Record<string, () => unknown> = {}

  asMetrics (): Metrics {
    const count = (name: string, by = 1): void => { this.counts[name] = (this.counts[name] ?? 0) + by }

    return new Proxy({} as unknown as Metrics, {
      get: () => {
        return (name: string, options: { calculate?(): unknown } = {}) => {
          if (typeof name === 'string' && name.startsWith('fisco_direct_') && options.calculate != null) {
            this.gauges[name] = options.calculate
          }

          return {
            increment: (values?: Record<string, unknown>) => {
              Object.keys(values ?? { '': true }).forEach(label => { count(label === '' ? name : `${name}{${label}}`) })
            },
            observe: () => { count(`${name} observed`) },
            update: () => {},
            decrement: () => {}
          }
        }
      }
    })
  }
}
