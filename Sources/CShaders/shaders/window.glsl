// Where elements of the two matrices of a product lie; outside they are zero.

#ifdef CONVOLUTION

// x: row is an output pixel, k a tap and a channel, channels innermost. False outside the picture.
bool x_position(uint row, uint k, out uint position) {
    position = 0;
    if (row >= arguments.rows || k >= arguments.inner) return false;
    uint tap = k / arguments.channels, channel = k % arguments.channels;
    uint pixels = arguments.output_height * arguments.output_width;
    uint batch = row / pixels, pixel = row % pixels;
    int y = int(pixel / arguments.output_width * arguments.stride + tap / arguments.kernel) - int(arguments.padding);
    int x = int(pixel % arguments.output_width * arguments.stride + tap % arguments.kernel) - int(arguments.padding);
    if (y < 0 || x < 0 || y >= int(arguments.height) || x >= int(arguments.width)) return false;
    uint place = (batch * arguments.height + uint(y)) * arguments.width + uint(x);
    position = arguments.x_offset + place * arguments.channels + channel;
    return true;
}

bool weight_position(uint column, uint k, out uint position) {
    position = 0;
    if (column >= arguments.columns || k >= arguments.inner) return false;
    uint tap = k / arguments.channels, channel = k % arguments.channels;
    position = arguments.weight_offset + column * arguments.inner + tap * arguments.weight_tap_stride
        + channel * arguments.weight_channel_stride;
    return true;
}

#else

bool x_position(uint row, uint k, out uint position) {
    position = arguments.x_offset + row * arguments.x_stride + k;
    return row < arguments.rows && k < arguments.inner;
}

bool weight_position(uint column, uint k, out uint position) {
    position = arguments.weight_offset + column * arguments.inner + k;
    return column < arguments.columns && k < arguments.inner;
}

#endif

float x_element(uint row, uint k) {
    uint position = 0;
    return x_position(row, k, position) ? load_x(position) : 0.0;
}

float weight_element(uint column, uint k) {
    uint position = 0;
    return weight_position(column, k, position) ? load_weight(position) : 0.0;
}
