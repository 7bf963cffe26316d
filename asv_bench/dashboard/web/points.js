/* Of what was measured once, asv's small graphs would show nothing, as they are made of lines. */
"use strict";

$.plot = $.extend(function (plot, place, data, options) {
    var points = {series: {points: {show: true, radius: 2}}};
    return plot(place, data, $.extend(true, points, options));
}.bind(null, $.plot), $.plot);
