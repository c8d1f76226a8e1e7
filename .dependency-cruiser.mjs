// The directions of the project's imports. tests/unit/architecture plants a violation of each rule.

const only = (name, comment, { from, fromNot, to }) => ({
  name,
  comment,
  severity: 'error',
  from: { ...(from && { path: from }), ...(fromNot && { pathNot: fromNot }) },
  to: { path: to },
});

/** Folders of each wing in their order: each may import those before it. */
export const WINGS = {
  'batch-job': [
    'tensorflow',
    'augmentation',
    'attempt',
    'base',
    'inspect',
    'memory',
    'examples',
    'training',
    'logistic',
    'choose',
    'decide',
    'stages',
    'sweep',
    'judge',
    'report',
    'export',
    'promote',
  ],
  'batch-job/tensorflow': [
    'program',
    'executor',
    'addon',
    'network',
    'engine',
    'graph',
    'onnx',
    'portable',
    'setup',
    'native',
  ],
  'core/job': ['recipe', 'record', 'checkpoints', 'estimate', 'queues'],
  'core/network': ['description', 'architectures', 'surgery', 'plan', 'weights', 'keras', 'onnx', 'tfjs'],
};

const inOrder = Object.entries(WINGS).flatMap(([wing, folders]) =>
  folders
    .slice(0, -1)
    .map((folder, index) =>
      only(
        `${wing}/${folder}-in-order`,
        `In ${wing} it comes before those folders: they build on it, and it knows nothing of them.`,
        { from: `^${wing}/${folder}/`, to: `^${wing}/(${folders.slice(index + 1).join('|')})/` },
      ),
    ),
);

export default {
  forbidden: [
    ...inOrder,
    {
      name: 'no-circular',
      comment: 'A cycle has no order of understanding.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'not-resolvable',
      comment: 'An import that cannot be found would pass every other rule.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    only('tensorflow-only-in-trainer', 'Serving needs ONNX Runtime alone, and the function stays small.', {
      fromNot: '^(batch-job|tests|bench)/',
      to: '@tensorflow/',
    }),
    only('aws-sdk-only-in-drivers', 'Everything else works on ports, in the cloud and on one machine.', {
      fromNot: '(^|/)(drivers|queues)/|^tests/|^infra/',
      to: '@aws-sdk/',
    }),
    {
      name: 'client-is-fetch',
      comment: 'The client runs wherever there is fetch.',
      severity: 'error',
      from: { path: '^client/' },
      to: { pathNot: '^(client|api)/|node_modules/zod/' },
    },
    {
      name: 'client-takes-types',
      comment: 'The schemas themselves would bring zod and core into pages.',
      severity: 'error',
      from: { path: '^client/' },
      to: { path: '^api/', dependencyTypesNot: ['type-only'] },
    },
    only('core-knows-nobody', 'core is what all others build on.', {
      from: '^core/',
      to: '^(api|client|batch-job|functions|infra|cli|bench|tests|scripts)/',
    }),
    only(
      'api-is-words',
      'What is said over HTTP is the same whoever serves it, asks for it or does the work.',
      {
        from: '^api/',
        to: '^(client|batch-job|functions|infra|cli|bench|tests|scripts)/|^core/(storage|backbone|classifier|image|predict)/|node_modules/(?!zod/)',
      },
    ),
    only('storage-knows-no-content', 'The store does not know what is stored.', {
      from: '^core/storage/',
      to: '^core/(dataset|image|network|model|backbone|classifier|job|predict)/',
    }),
    only('image-knows-no-classes', 'One path for training and serving knows neither classes nor networks.', {
      from: '^core/image/',
      to: '^core/(dataset|network|backbone|classifier|job|predict|storage)/',
    }),
    only('network-knows-no-jobs', 'A network is data.', {
      from: '^core/network/',
      to: '^core/(dataset|image|model|backbone|classifier|job|predict)/',
    }),
    only('lanes-know-no-work', 'Whatever runs in a lane, the order is the same.', {
      from: '^core/lanes/',
      to: '^core/(?!lanes/|errors/|clock\\.ts)|node_modules/',
    }),
    only(
      'evaluation-is-arithmetic',
      'Who made the probabilities, and where they are kept, does not matter.',
      {
        from: '^core/evaluation/',
        to: '^core/(?!evaluation/|random\\.ts)|node_modules/',
      },
    ),
    only('trainer-knows-no-http', 'The trainer is told what to do by a job record alone.', {
      from: '^batch-job/',
      to: '^(api|client|functions|cli|infra)/|node_modules/hono/',
    }),
    only('functions-do-not-train', 'Serving starts trainers as processes, and imports none of them.', {
      from: '^functions/',
      fromNot: '^functions/page/',
      to: '^(batch-job|client|cli|infra)/',
    }),
    only('words-are-text', 'Words are sent to browsers too, and depend on no one who says them.', {
      from: '^core/words/',
      to: '^core/(?!words/|evaluation/)|node_modules/',
    }),
    only('page-is-a-client', 'What runs in browsers speaks HTTP, and nothing of a server is sent to them.', {
      from: '^functions/page/',
      to: '^(batch-job|cli|infra)/|^core/(?!words/|api-key/allows-name[.]ts$)|^functions/(?!page/)',
    }),
    only('servers-leave-the-page', 'The page runs in browsers alone.', {
      from: '^functions/',
      fromNot: '^functions/page/',
      to: '^functions/page/',
    }),
    only('servers-alone-measure', 'A function is measured by its platform, and pays for what it loads.', {
      from: '^functions/(lambda|batch-events|app|deps|http|routes|protocols)',
      to: '^functions/(metrics|tracing)/|node_modules/(prom-client|@opentelemetry|compression)/',
    }),
    only(
      'pricing-is-data',
      'Machines, GPUs and prices are read by networks and the stack, and know neither.',
      {
        from: '^core/pricing/',
        to: '^core/(?!pricing/|errors/)',
      },
    ),
    only(
      'infra-reads-names-only',
      'The stack and the code share names (keys, who may use them and how long they last, environment variables), prices, and how a check and a number are written down. A program asks a person as the command does.',
      {
        from: '^infra/',
        to: '^(api|client|batch-job|functions)/|^cli/(?!terminal/(ask|exit-codes)\\.ts)|^core/(?!storage/(keys|access|retention)\\.ts|environment\\.ts|(check|number-text)\\.ts|pricing/)',
      },
    ),
    only('cli-is-a-client', 'The command speaks HTTP; beyond that it only starts the local server.', {
      from: '^cli/',
      to: '^(batch-job|infra)/|^functions/(?!local-server\\.ts|deps/logger\\.ts)',
    }),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.mjs', '.js', '.json'],
    },
  },
};
