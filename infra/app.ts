/** The app that the CDK's own commands run, as `npm run deploy` does: the stage that the context names. */
import { stageApp } from './stage.ts';

stageApp(null).synth();
