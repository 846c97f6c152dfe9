import type { FigureResult, Values } from './figure.ts'

/**
 * A report as Markdown, for terminals and READMEs.
 */
export function formatTable (figures: Record<string, FigureResult>): string {
  const lines = ['| figure | ours | rivals | ratio | goal | aim | met |', '| --- | --- | --- | --- | --- | --- | --- |']

  for (const [name, { ours, rivals, ratios, goal, aim, met, note }] of Object.entries(figures)) {
    const theirs = Object.entries(rivals).map(([rival, values]) => `${rival}: ${list(values)}`)
    const verdict = met == null ? '' : met ? 'yes' : '**no**'
    lines.push(`| \`${name}\` | ${note ?? list(ours)} | ${theirs.join('<br>')} | ${list(ratios)} | ${list(goal)} | ${list(aim)} | ${verdict} |`)
  }

  return `${lines.join('\n')}\n`
}

function list (values: Values | Record<string, string>): string {
  return Object.entries(values).map(([name, value]) => `${name} ${typeof value === 'number' ? value.toLocaleString('en-US', { maximumSignificantDigits: 3 }) : value}`).join('<br>')
}
