// The libp2p house style (neostandard, explicit return types, sorted imports) and the project's own prohibitions.
// Nothing is switched off for one place: an exception is written on the line it is for, with its reason.
import neostandard, { plugins } from 'neostandard'
import { importOrder } from './scripts/lib/import-order.mjs'

const TS = ['**/*.ts']
const SRC = ['packages/*/src/**/*.ts']
const TEST = ['packages/*/test/**/*.ts', '{docs,benchmarks}/test/**/*.ts']

// On Node 24 and 26 these end the process (SIGSEGV) as soon as a certificate holds a secp256k1 key.
const crash = ['getPeerCertificate', 'toLegacyObject'].map((property) => ({
  property,
  message: 'It ends the process on a secp256k1 certificate (Node 24, 26). Use getPeerX509Certificate(), or give the reason on this line.'
}))

const runner = ['it', 'describe', 'context', 'specify', 'before', 'beforeEach']
const exemptions = runner.flatMap((object) => ['only', 'skip'].map((property) => ({
  object,
  property,
  message: 'No test is left out: every test runs, everywhere.'
})))

const tlsModule = {
  regex: '^(node:)?tls$',
  message: 'Only @fisco-libp2p/tls talks to node:tls; it exports connectTls() and createTlsListener().'
}

const fsModule = {
  regex: '^(node:)?fs(/promises)?$',
  message: 'Only identity, ca, node, admin (its socket is a file), cli and test-kit touch the file system; others are given values or a datastore.'
}

/** Modules that may be imported neither by a statement nor by an expression. */
const restricted = (...modules) => ({
  'no-restricted-imports': ['error', { patterns: modules }],
  'no-restricted-syntax': ['error', ...modules.map(({ regex, message }) => ({
    selector: `ImportExpression > Literal[value=/${regex.replaceAll('/', '\\/')}/]`,
    message
  }))]
})

const house = {
  'max-depth': ['error', 4],
  'max-nested-callbacks': ['error', 4],
  'no-console': 'error',
  'no-restricted-properties': ['error', ...crash, ...exemptions],
  'house/import-order': 'error',
  '@stylistic/padding-line-between-statements': ['error', { blankLine: 'always', prev: 'multiline-block-like', next: '*' }],
  // A template literal that holds quotes or many lines is no ornament.
  '@stylistic/quotes': ['error', 'single', { avoidEscape: true, allowTemplateLiterals: true }]
}

const typed = {
  '@typescript-eslint/await-thenable': 'error',
  '@typescript-eslint/ban-ts-comment': ['error', { 'ts-expect-error': 'allow-with-description', 'ts-ignore': true, 'ts-nocheck': true }],
  '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
  '@typescript-eslint/consistent-type-imports': ['error', { prefer: 'type-imports', fixStyle: 'separate-type-imports' }],
  '@typescript-eslint/explicit-function-return-type': ['error', { allowExpressions: true }],
  '@typescript-eslint/method-signature-style': ['error', 'method'],
  '@typescript-eslint/no-floating-promises': 'error',
  '@typescript-eslint/no-for-in-array': 'error',
  // Parameters are judged here and not by the compiler: protons' generated code has some that it does not use.
  '@typescript-eslint/no-unused-vars': ['error', { args: 'after-used', argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none', ignoreRestSiblings: true }],
  '@typescript-eslint/return-await': ['error', 'in-try-catch']
}

export default [
  { ignores: ['**/dist/', '**/node_modules/', '**/pb/*.ts', 'coverage/', '.nx/', '.fisco-p2p/'] },

  ...neostandard({ ts: true, noJsx: true }),

  {
    plugins: { house: { rules: { 'import-order': importOrder } } },
    linterOptions: { reportUnusedDisableDirectives: 'error', reportUnusedInlineConfigs: 'error' },
    rules: house
  },
  {
    files: TS,
    plugins: { '@typescript-eslint': plugins['typescript-eslint'].plugin },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: typed
  },

  {
    files: SRC,
    rules: {
      ...restricted(tlsModule, fsModule),
      'max-lines': ['error', { max: 350, skipBlankLines: false, skipComments: false }]
    }
  },
  { files: ['packages/tls/src/**/*.ts'], rules: restricted(fsModule) },
  { files: ['packages/{identity,ca,node,admin,cli,test-kit}/src/**/*.ts'], rules: restricted(tlsModule) },

  {
    files: TEST,
    languageOptions: { globals: Object.fromEntries([...runner, 'after', 'afterEach'].map((name) => [name, 'readonly'])) },
    rules: {
      // describe, describe, it, and two of the test's own.
      'max-nested-callbacks': ['error', 5],
      // chai asserts by reading a property: expect(x).to.be.true
      '@typescript-eslint/no-unused-expressions': 'off'
    }
  },

  // Tools and the command's entry file write to the terminal.
  { files: ['scripts/**', '**/bin/*.js'], rules: { 'no-console': 'off' } },
  // These two start under whatever Node the machine has: newer syntax is an error here.
  { files: ['scripts/setup.mjs', 'packages/*/bin/*.js'], languageOptions: { ecmaVersion: 2020 } }
]
