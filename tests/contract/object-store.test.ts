import { eachDriver } from '../support/each-driver.ts';
import { describeObjectStore } from './object-store.ts';

await eachDriver(describeObjectStore);
