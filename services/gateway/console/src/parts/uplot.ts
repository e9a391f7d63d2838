// uPlot and its style sheet, together in one chunk.
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

export default uPlot;
