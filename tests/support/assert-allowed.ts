// After each unit test: the app asked the store for nothing that its role in AWS may not do, also where it went on without it.

import { afterEach, expect } from 'vitest';
import { deniedToApps } from './store-with-policy.ts';

afterEach(() => expect(deniedToApps.splice(0)).toEqual([]));
