import { execFile } from 'node:child_process'
import { delimiter, dirname } from 'node:path'

/**
 * Runs a command of npm, or one that npm installed, by this Node; its own settings are those of `cwd`, not those of the npm that started this process.
 *
 * @param timeout - milliseconds
 * @returns what it wrote to standard output
 * @throws Error with the end of what it wrote; all that it wrote to standard output is its cause
 */
export async function run (command: string, args: string[], cwd: string, timeout: number): Promise<string> {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(npm_(config_local_prefix|lifecycle|package|command)|INIT_CWD)/i.test(name))
  const env = { ...Object.fromEntries(inherited), PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}` }

  return new Promise((resolve, reject) => {
    execFile(command, args, { cwd, env, timeout, killSignal: 'SIGKILL', maxBuffer: 1 << 26, shell: process.platform === 'win32' }, (err, stdout, stderr) => {
      if (err == null) {
        resolve(stdout)
      } else {
        reject(new Error(`${command} ${args[0]}: ${err.signal == null ? `${stdout.trim().slice(-1_000)} ${stderr.trim().slice(-1_000)}`.trim() : `not done within ${timeout / 1_000} s`}`, { cause: stdout }))
      }
    })
  })
}
