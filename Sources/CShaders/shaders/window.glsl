// Where elements of the two matrices of a product lie; outside, where the position means nothing, they are zero.
//
// A position is made of what depends on the row and what depends on the depth, so that a kernel can work out either once
// where the other changes: a convolution's take divisions.

#ifdef CONVOLUTION

// An output pixel: the first pixel under its window, which may be outside, and the first element of its picture.
struct RowPlace {
    int y;
    int x;
    uint picture;
};

// A tap and a channel, channels innermost.
struct DepthPlace {
    int y;
    int x;
    uint channel;
};

// Far enough outside that no tap brings it back.
const int NOWHERE = -(1 << 30);

RowPlace row_place(uint row) {
    if (row >= arguments.rows) return RowPlace(NOWHERE, NOWHERE, 0);
    uint pixels = arguments.output_height * arguments.output_width;
    uint batch = row / pixels, pixel = row % pixels;
    return RowPlace(
        int(pixel / arguments.output_width * arguments.stride) - int(arguments.padding),
        int(pixel % arguments.output_width * arguments.stride) - int(arguments.padding),
        arguments.x_offset + batch * arguments.height * arguments.width * arguments.channels);
}

DepthPlace depth_place(uint k) {
    uint tap = k / arguments.channels;
    int y = mix(NOWHERE, int(tap / arguments.kernel), k < arguments.inner);
    return DepthPlace(y, int(tap % arguments.kernel), k % arguments.channels);
}

bool x_position(RowPlace row, DepthPlace depth, out uint position) {
    int y = row.y + depth.y, x = row.x + depth.x;
    position = row.picture + (uint(y) * arguments.width + uint(x)) * arguments.channels + depth.channel;
    // Without branches: less than nothing is very much.
    return all(lessThan(uvec2(y, x), uvec2(arguments.height, arguments.width)));
}

bool weight_position(uint column, uint k, out uint position) {
    position = arguments.weight_offset + column * arguments.inner;
    // Channels that lie next to each other follow the depth.
    if (arguments.weight_channel_stride == 1 && arguments.weight_tap_stride == arguments.channels) {
        position += k;
    } else {
        uint tap = k / arguments.channels, channel = k % arguments.channels;
        position += tap * arguments.weight_tap_stride + channel * arguments.weight_channel_stride;
    }
    return all(lessThan(uvec2(column, k), uvec2(arguments.columns, arguments.inner)));
}

#else

struct RowPlace {
    bool exists;
    uint first;
};

struct DepthPlace {
    bool exists;
    uint k;
};

RowPlace row_place(uint row) {
    return RowPlace(row < arguments.rows, arguments.x_offset + row * arguments.x_stride);
}

DepthPlace depth_place(uint k) { return DepthPlace(k < arguments.inner, k); }

bool x_position(RowPlace row, DepthPlace depth, out uint position) {
    position = row.first + depth.k;
    return row.exists && depth.exists;
}

bool weight_position(uint column, uint k, out uint position) {
    position = arguments.weight_offset + column * arguments.inner + k;
    return all(lessThan(uvec2(column, k), uvec2(arguments.columns, arguments.inner)));
}

#endif

float x_element(RowPlace row, DepthPlace depth) {
    uint position = 0;
    return x_position(row, depth, position) ? load_x(position) : 0.0;
}

float weight_element(uint column, uint k) {
    uint position = 0;
    return weight_position(column, k, position) ? load_weight(position) : 0.0;
}
