// Every view as a picture: `npm run shots`.
import base from './playwright.config';

export default { ...base, testDir: 'shots' };
