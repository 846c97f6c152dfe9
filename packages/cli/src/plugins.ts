import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { UsageError } from './output.ts'
import type { Output } from './output.ts'
import type { FiscoNode } from '@fisco-libp2p/node'

/**
 * What a plugin is given besides the node.
 */
export interface PluginContext {
  /**
   * Prints an event, as the node's own are printed: a line, or a JSON object with `--json`.
   */
  emit (event: string, detail: object): void

  /**
   * Aborted when the node is about to stop.
   */
  signal: AbortSignal
}

/**
 * The default export of a module for `fisco-p2p start --plugin`: protocols of a user's own on a node that the command runs. Called
 * before the node starts.
 */
export interface Plugin {
  (node: FiscoNode, context: PluginContext): Promise<void> | void
}

/**
 * @param files - paths of ES modules, seen from the current folder
 * @throws UsageError if one cannot be loaded, or exports no function as default
 */
export async function loadPlugins (files: readonly string[]): Promise<Array<{ file: string, plugin: Plugin }>> {
  return Promise.all(files.map(async file => {
    const module = await import(pathToFileURL(resolve(file)).href).catch(err => {
      throw new UsageError(`the plugin ${file} cannot be loaded: ${err.message}`)
    })

    if (typeof module.default !== 'function') {
      throw new UsageError(`the plugin ${file} has no function as its default export: export default (node, { emit, signal }) => { ... }`)
    }

    return { file, plugin: module.default as Plugin }
  }))
}

/**
 * @throws UsageError if one throws
 */
export async function startPlugins (plugins: ReadonlyArray<{ file: string, plugin: Plugin }>, node: FiscoNode, output: Output, signal: AbortSignal): Promise<void> {
  const emit: PluginContext['emit'] = (event, detail) => {
    output.result(`${new Date().toISOString()} ${event} ${JSON.stringify(detail)}`, { event, time: Date.now(), ...detail })
  }

  for (const { file, plugin } of plugins) {
    try {
      await plugin(node, { emit, signal })
    } catch (err) {
      throw new UsageError(`the plugin ${file} failed: ${err.message}`)
    }
  }
}
