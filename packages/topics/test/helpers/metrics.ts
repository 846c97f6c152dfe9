import type { Metrics } from '@libp2p/interface'

type Values = Record<string, number | true>

/**
 * Metrics that only count, by name, and by name and label value.
 */
export class CountingMetrics {
  readonly counted = new Map<string, number>()
  private readonly gauges = new Map<string, () => number | Promise<number>>()

  /**
   * For `createLibp2p({ metrics })`.
   */
  readonly factory = (): Metrics => this.service() as unknown as Metrics

  get (name: string): number {
    return this.counted.get(name) ?? 0
  }

  async gauge (name: string): Promise<number | undefined> {
    return this.gauges.get(name)?.()
  }

  private service (): Record<string, unknown> {
    const add = (name: string, by: number): void => { this.counted.set(name, this.get(name) + by) }
    const single = (name: string, options?: { calculate?(): number }): unknown => {
      if (options?.calculate != null) {
        this.gauges.set(name, options.calculate)
      }

      return { increment: (by = 1) => { add(name, by) }, decrement: () => {}, update: () => {}, observe: () => {}, reset: () => {}, timer: () => () => {} }
    }

    const group = (name: string): unknown => {
      const increment = (values: Values): void => { Object.entries(values).forEach(([label, by]) => { add(`${name} ${label}`, by === true ? 1 : by) }) }

      return { increment, decrement: () => {}, update: () => {}, observe: () => {}, reset: () => {}, timer: () => () => {} }
    }

    return {
      trackMultiaddrConnection: () => {},
      trackProtocolStream: () => {},
      registerMetric: single,
      registerCounter: single,
      registerHistogram: single,
      registerSummary: single,
      registerMetricGroup: group,
      registerCounterGroup: group,
      registerHistogramGroup: group,
      registerSummaryGroup: group,
      traceFunction: (_: string, fn: unknown) => fn,
      createTrace: () => undefined
    }
  }
}
