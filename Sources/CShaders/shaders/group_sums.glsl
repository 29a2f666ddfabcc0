// What both steps of a group norm share: where a group's elements lie, and sums over a workgroup.

layout(local_size_x = 128, local_size_x_id = 0) in;
layout(push_constant) uniform Arguments { cs_group_norm arguments; };
INPUT(0, x)

shared float partial_sums[gl_WorkGroupSize.x];

float group_sum(float value) {
    uint place = gl_LocalInvocationIndex;
    barrier();
    partial_sums[place] = value;
    barrier();
    for (uint half_width = gl_WorkGroupSize.x / 2; half_width > 0; half_width /= 2) {
        if (place < half_width) partial_sums[place] += partial_sums[place + half_width];
        barrier();
    }
    return partial_sums[0];
}

// The first pixel of a part; a group's pixels are cut as evenly as they go.
uint part_start(uint part) {
    return part * (arguments.pixels / arguments.parts) + min(part, arguments.pixels % arguments.parts);
}

// Element i of a part of a group, counted along channels first. group = batch·groups + group of a picture.
uint group_position(uint group, uint first_pixel, uint i) {
    uint group_width = arguments.channels / arguments.groups;
    uint batch = group / arguments.groups;
    uint pixel = batch * arguments.pixels + first_pixel + i / group_width;
    return pixel * arguments.channels + group % arguments.groups * group_width + i % group_width;
}
